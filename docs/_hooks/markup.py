"""Markdown from Python values."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["code", "plain", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown, bars and line breaks in them are escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def code(value: Any) -> str:
    """A value as inline code; nothing for an empty string."""
    text = value if isinstance(value, str) else repr(value)
    return f"`{text}`" if text else ""


def plain(docstring: str) -> str:
    """A docstring's text in Markdown: one line, double backticks and Sphinx roles as inline code."""
    text = " ".join(docstring.split())
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")


def _cell(text: str) -> str:
    """Text that a bar or a line break does not end; code with bars is written in HTML, where they can be escaped."""
    text = re.sub(r"`([^`]*\|[^`]*)`", lambda found: f"<code>{html.escape(found[1], quote=False)}</code>", text)
    return text.replace("|", "&#124;").replace("\n", " ")
