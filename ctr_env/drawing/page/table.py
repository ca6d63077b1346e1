"""A table as data: what a page, a CSV file and a LaTeX file show comes from one object."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["MISSING", "Cell", "Column", "Number", "Table"]

MISSING = "–"
"""What is shown where there is no value."""


@dataclass(frozen=True)
class Number:
    """A number with its interval.

    Attributes:
        value: The number in the column's unit; ``None`` where it is undefined.
        low: Lower end of the interval; ``None`` without one.
        high: Upper end of the interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def value_text(self) -> str:
        """The number as it is shown."""
        return MISSING if self.value is None else _text(self.value)

    @property
    def interval_text(self) -> str:
        """The interval as it is shown; empty without one."""
        if self.value is None or self.low is None or self.high is None:
            return ""
        return f"[{_text(self.low)}, {_text(self.high)}]"


Cell = str | int | Number


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Its heading.
        numeric: Whether it is aligned to the right.
        group: Heading, with the unit, that it shares with the columns beside it; empty for none.
    """

    heading: str
    numeric: bool = True
    group: str = ""

    @property
    def full_heading(self) -> str:
        """Heading with that of the group."""
        return f"{self.group}, {self.heading}" if self.group else self.heading


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        key: Name of its files and of its place in the page.
        title: What it shows.
        note: How its values were made, in a sentence or two.
        columns: Its columns; the first names the rows.
        rows: Its rows, each with one cell for every column.
    """

    key: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Check that every row has one cell for every column."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.key}: a row of {len(row)} cells under {len(self.columns)} columns")

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Headings of adjacent columns with the number of columns that share them."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and column.group and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found

    def has_interval(self, column: int) -> bool:
        """Whether a column's numbers have intervals."""
        return any(isinstance(row[column], Number) and row[column].low is not None for row in self.rows)  # type: ignore[union-attr]


def _text(value: float) -> str:
    """Three significant digits without an exponent, as far as that is readable."""
    if not math.isfinite(value):
        return MISSING
    if value < 0:
        return f"−{_text(-value)}"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 6:
        return f"{value:.2e}"
    return f"{value:.{max(0, 2 - size)}f}"
