"""Colours, dashes and markers of lines: a colour-blind safe palette, never colour alone."""

from __future__ import annotations

__all__ = ["DARK", "LIGHT", "Style", "style"]

from dataclasses import dataclass

LIGHT = ("#0072b2", "#c24e00", "#007a5a", "#b0528a", "#8a6400", "#2b8cbe", "#5b3a9e", "#444b54")
"""Colours on a light background: Okabe's and Ito's hues, darkened to a contrast of at least 3."""
DARK = ("#56a9e8", "#f08a4b", "#2fc99a", "#e79bc4", "#e5b93c", "#8fd0f5", "#b39ddb", "#c5ccd6")
"""The same hues on a dark background."""

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "triangle-down")


@dataclass(frozen=True)
class Style:
    """How a line is drawn.

    Attributes:
        colour: Index into :data:`LIGHT` and :data:`DARK`.
        dash: Plotly's name of the dash.
        marker: Plotly's name of the marker.
    """

    colour: int
    dash: str
    marker: str


def style(number: int) -> Style:
    """The style of a number; 280 combinations before one repeats."""
    return Style(number % len(LIGHT), _DASHES[number % len(_DASHES)], _MARKERS[number % len(_MARKERS)])
