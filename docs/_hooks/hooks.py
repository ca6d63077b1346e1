"""MkDocs hooks: parts of pages that are generated from the code.

A line ``<!-- generated: NAME ARGUMENTS -->`` in a page is replaced by the Markdown that the generator of that name
returns. ``tests/docs`` uses :func:`expand` too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_tables
import commands
import environments
import modules
import tables

GENERATORS: dict[str, Callable[..., str]] = {
    "actions": environments.actions,
    "changelog": lambda: _changelog(),
    "cli": commands.reference,
    "controllers": tables.controllers,
    "environments": environments.registered,
    "errors": tables.errors,
    "estimators": tables.estimators,
    "fields": tables.fields,
    "info": environments.info,
    "layers": modules.layers,
    "modules": modules.modules,
    "observations": environments.observations,
    "presets": tables.presets,
    "perturbations": bench_tables.perturbations,
    "public": modules.public,
    "randomization": tables.randomization,
    "renderers": tables.renderers,
    "robots": tables.robots,
    "scenarios": bench_tables.scenarios,
    "stages": modules.stages,
    "studies": bench_tables.studies,
}
_MARKER = re.compile(r"^<!-- generated: (\w+)((?: \S+)*) -->$", re.MULTILINE)
_COMMANDS = re.compile(r"<code>[^<]*-[^<]*</code>|<div class=\"language-bash.*?</div>", re.DOTALL)
_OPTION = re.compile(r"(?<![\w.-])(--?[\w.-]*\w)(?![^<]*>)")
_CODE = re.compile(r"(<pre\b.*?</pre>|<code\b.*?</code>|<[^>]*>)", re.DOTALL)
_UNIT = re.compile(r"(?<=\d) (?=%|(?:mm|cm|m|mrad|rad|ms|s|px|Hz|kB|MB|steps/s)\b)|(?<=&lt;) (?=\d)")
_ROOT = Path(__file__).resolve().parents[2]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the markers of a page."""
    return expand(markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Keep options together, as browsers break a line after the hyphens of ``--robot``, and numbers and their units."""
    html = _COMMANDS.sub(lambda code: _OPTION.sub(r'<span class="option">\1</span>', code[0]), html)
    parts = _CODE.split(html)  # text and, at odd places, code and tags
    parts[::2] = [_UNIT.sub("\N{NO-BREAK SPACE}", text) for text in parts[::2]]
    return "".join(parts)


def expand(markdown: str) -> str:
    """Markdown with every marker replaced.

    Raises:
        KeyError: If no generator has the name.
    """
    return _MARKER.sub(lambda found: GENERATORS[found[1]](*found[2].split()), markdown)


def _changelog() -> str:
    """CHANGELOG.md without its title; its links are relative to the repository."""
    text = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("\n")[2]
    return text.replace("](docs/", "](")
