"""The legend of a chart as HTML: buttons with line and marker, which show and hide lines."""

from __future__ import annotations

from html import escape

from .chart import Chart
from .markup import element
from .styles import style

__all__ = ["legend"]

_MOST, _FIRST = 8, 6  # lines that are all shown at first; those that are, of more
_DASHES = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3", "longdash": "11 4"}
_MARKERS = {
    "circle": "M15 4a4 4 0 1 0 .01 0Z",
    "square": "M11 4h8v8h-8Z",
    "diamond": "M15 3l5 5-5 5-5-5Z",
    "triangle-up": "M15 3l5 9h-10Z",
    "triangle-down": "M15 13l5-9h-10Z",
    "x": "M11 4l8 8m0-8l-8 8",
    "cross": "M15 3v10m-5-5h10",
}


def legend(chart: Chart) -> str:
    """The legend; empty where lines are named by the axis, or there is only one.

    Of many lines the first few are shown at first.
    """
    names = chart.legend
    if len(names) < 2 or all(panel.sideways for panel in chart.panels):
        return ""
    many = len(names) > _MOST
    items = [
        element(
            "button",
            _swatch(number) + escape(name),
            type="button",
            aria_pressed="false" if many and i >= _FIRST else "true",
            data_name=name,
        )
        for i, (name, number) in enumerate(names)
    ]
    if many:
        items += [element("button", word, type="button", data_all=word) for word in ("all", "none")]
    label = "Legend: show or hide lines"
    note = f"The first {_FIRST} of {len(names)} lines are shown at first; a click shows or hides a line."
    hint = element("p", note, class_="hint") if many else ""
    return element("div", *items, class_="legend", role="group", aria_label=label) + hint


def _swatch(number: int) -> str:
    s = style(number)
    line = element("path", d="M0 8h30", stroke_dasharray=_DASHES[s.dash], fill="none")
    marker = element("path", d=_MARKERS[s.marker])
    return element("svg", line, marker, viewBox="0 0 30 16", aria_hidden="true", class_=f"swatch c{s.colour}")
