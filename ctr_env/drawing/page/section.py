"""The content of a page: sections of tables, charts and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .chart import Chart
from .table import Table

__all__ = ["Html", "Part", "Section"]


@dataclass(frozen=True)
class Html:
    """HTML that has no file of its own."""

    text: str


Part = Table | Chart | Html


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes:
        key: Its place in the page.
        title: Its heading.
        introduction: What it shows, in a sentence or two.
        parts: Its content.
    """

    key: str
    title: str
    introduction: str
    parts: Sequence[Part]
