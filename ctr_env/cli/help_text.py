"""Help texts of options: what a dataclass documents about its fields, without markup."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import is_dataclass
from itertools import pairwise
from textwrap import dedent

__all__ = ["field_help", "plain_text"]


def field_help(kind: type) -> dict[str, str]:
    """Help texts by field name, from docstrings below the fields or the section ``Attributes`` of the class.

    Those of inherited fields are included. Docstrings below fields need the source of the class.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if is_dataclass(base):
            found |= _attributes_section(base) | _field_docstrings(base)
    return found


def plain_text(text: str) -> str:
    """A docstring without markup, in one line for each paragraph."""
    text = re.sub(r":\w+:`~?\.*([^`]+)`", lambda match: match[1].rpartition(".")[2], text)
    paragraphs = re.split(r"\n\s*\n", text.replace("``", ""))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip()


def _attributes_section(kind: type) -> dict[str, str]:
    _, _, section = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    entries = re.split(r"^    (?=\w+: )", section.partition("\n\n")[0], flags=re.MULTILINE)
    pairs = (entry.partition(": ") for entry in entries if entry.strip())
    return {name: plain_text(text) for name, _, text in pairs}


def _field_docstrings(kind: type) -> dict[str, str]:
    try:
        tree = ast.parse(dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        return {}
    (definition,) = tree.body
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: plain_text(text.value.value)
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
