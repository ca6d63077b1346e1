"""What a dataclass says of its fields: name, type, default and docstring."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from typing import Any

__all__ = ["field_docs", "field_rows"]


def field_docs(cls: type) -> dict[str, str]:
    """The string below each field, by field name; inherited fields included."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if dataclasses.is_dataclass(base):
            (node,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            assert isinstance(node, ast.ClassDef)
            for entry, text in zip(node.body, node.body[1:], strict=False):
                if isinstance(entry, ast.AnnAssign) and isinstance(text, ast.Expr):
                    docs[ast.unparse(entry.target)] = inspect.cleandoc(ast.literal_eval(text.value))
    return docs


def field_rows(cls: type) -> list[tuple[str, str, str, str]]:
    """Name, type, default and meaning of each field.

    Raises:
        KeyError: If a field has no docstring.
    """
    docs = field_docs(cls)
    return [(field.name, _type(field), _default(field), docs[field.name]) for field in dataclasses.fields(cls)]


def _type(field: dataclasses.Field[Any]) -> str:
    return field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return repr(field.default_factory())
    return ""
