"""Griffe extension: Sphinx roles in docstrings become links where mkdocstrings knows the object, else plain code."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":\w+:`(~?)([\w.]+)`")


class Roles(griffe.Extension):
    """Rewrite the docstring of every object when it is loaded."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(lambda found: _link(obj, found[2], bool(found[1])), obj.docstring.value)


def _link(obj: griffe.Object, name: str, short: bool) -> str:
    label = name.rpartition(".")[2] if short else name.removeprefix("ctr_env.")
    target = name if name.startswith("ctr_env.") else f"{obj.module.path}.{name}"
    return f'<autoref optional identifier="{target}"><code>{label}</code></autoref>'
