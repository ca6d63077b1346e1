"""A figure as data: what the page and the PDF file show comes from one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chart", "Line", "Panel"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One line of a panel.

    Attributes:
        name: Name in the legend; lines of one name are shown and hidden together.
        x: ``(N,)`` numbers; indices of ``Panel.categories`` where these are given.
        y: ``(N,)``; NaN interrupts the line.
        z: ``(N,)`` third coordinate in a panel in space; ``None`` in a plane.
        low: ``(N,)`` lower ends of intervals; ``None`` without intervals.
        high: ``(N,)`` upper ends.
        style: Number of colour, dash and marker.
        mark: ``"line"``, ``"step"`` (constant until the next x), ``"points"`` (with a thin line) or ``"marks"``.
    """

    name: str
    x: Values
    y: Values
    style: int
    z: Values | None = None
    low: Values | None = None
    high: Values | None = None
    mark: str = "line"


@dataclass(frozen=True)
class Panel:
    """One pair (or triple) of axes.

    Attributes:
        lines: Its lines.
        x_label: Label of the x axis.
        y_label: Label of the y axis.
        z_label: Label of the z axis of a panel in space.
        title: Title; empty for none.
        x_range: Ends of the x axis; ``None``: as the lines need.
        y_range: Ends of the y axis, likewise; in descending order for an axis that points down.
        log_y: Whether the y axis is logarithmic.
        same_scale: Whether x and y have the same scale.
        categories: Names of the positions 0, 1, … of the x axis; empty for an axis of numbers.
        levels: Reference lines at values of y, with their texts.
        sideways: Whether x, then with categories, points down and y to the right.
    """

    lines: Sequence[Line]
    x_label: str
    y_label: str
    z_label: str = ""
    title: str = ""
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    log_y: bool = False
    same_scale: bool = False
    categories: Sequence[str] = ()
    levels: Sequence[tuple[float, str]] = ()
    sideways: bool = False

    @property
    def decades(self) -> float:
        """Powers of ten that the positive values of the y axis span."""
        values = np.concatenate(
            [np.ravel(v) for line in self.lines for v in (line.y, line.low, line.high) if v is not None]
        )
        positive = values[np.isfinite(values) & (values > 0)]
        return float(np.log10(positive.max() / positive.min())) if len(positive) else 0.0

    @property
    def cube(self) -> list[tuple[float, float]]:
        """Ends of the three axes of a panel in space: equally long and around all lines."""
        points = np.vstack([np.stack([line.x, line.y, line.z], axis=1) for line in self.lines if line.z is not None])
        low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
        half = 0.54 * max(float((high - low).max()), 1e-6)
        return [(float(c - half), float(c + half)) for c in 0.5 * (low + high)]

    @property
    def in_space(self) -> bool:
        """Whether the panel has three axes."""
        return bool(self.z_label)


@dataclass(frozen=True)
class Chart:
    """A figure of one or more panels with a common legend.

    Attributes:
        key: Name of its file and of its place in the page.
        title: What it shows.
        caption: What its lines and bands mean, in a sentence or two.
        summary: What is to be seen in it, in words, for readers who do not see it.
        panels: Its panels.
    """

    key: str
    title: str
    caption: str
    summary: str
    panels: Sequence[Panel] = field(default_factory=tuple)

    @property
    def columns(self) -> int:
        """Panels in a row, where there is room."""
        return {1: 1, 2: 2, 4: 2}.get(len(self.panels), 3)

    @property
    def legend(self) -> list[tuple[str, int]]:
        """Names of the lines with their styles, in order."""
        found: dict[str, int] = {}
        for panel in self.panels:
            for line in panel.lines:
                found.setdefault(line.name, line.style)
        return list(found.items())
