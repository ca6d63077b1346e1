"""Charts as PDF files for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, NullFormatter

from ctr_env.drawing.figures import new_figure
from ctr_env.runs.files import replacing

from .chart import Chart, Line, Panel
from .styles import LIGHT, style

__all__ = ["chart_figure", "save_pdf"]

_DASHES: dict[str, Any] = {
    **{"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."},
    "longdash": (0, (8, 3)),
}
_MARKERS = {
    **{"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^"},
    **{"x": "x", "cross": "P", "triangle-down": "v"},
}
_DECADES = 1.3  # that a logarithmic axis has with labels at powers of ten only
_BANDS = 5  # bands of more lines would hide each other


def save_pdf(chart: Chart, path: Path) -> None:
    """Write a chart as PDF with embedded fonts; the same chart gives the same bytes."""
    with mpl.rc_context({"pdf.fonttype": 42, "font.size": 8, "axes.titlesize": 8}), replacing(path) as scratch:
        metadata = {"CreationDate": None, "Title": chart.title}
        chart_figure(chart).savefig(scratch, format="pdf", metadata=metadata)


def chart_figure(chart: Chart) -> Figure:
    """A chart as a Matplotlib figure."""
    columns = chart.columns
    rows = -(-len(chart.panels) // columns)
    figure = new_figure(2.5 * columns + 0.6, 2.3 * rows + 0.5)
    for i, panel in enumerate(chart.panels):
        axes = figure.add_subplot(rows, columns, i + 1, projection="3d" if panel.in_space else None)
        _draw(axes, panel)
    if len(chart.legend) > 1:
        handles = [_handle(name, number) for name, number in chart.legend]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), frameon=False)
    return figure


def _draw(axes: Any, panel: Panel) -> None:
    for line in panel.lines:
        if panel.in_space:
            axes.plot(line.x, line.z, line.y, **_look(line))
        else:
            _line(axes, line, panel)
    axes.set_title(panel.title)
    axes.grid(alpha=0.3)
    if panel.in_space:
        _set_space_axes(axes, panel)
        return
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
    _set_axes(axes, panel)


def _set_space_axes(axes: Any, panel: Panel) -> None:
    """As seen by the camera: y points down, z away from the reader."""
    (x0, x1), (y0, y1), (z0, z1) = panel.cube
    axes.set(xlim=(x0, x1), ylim=(z0, z1), zlim=(y1, y0))
    axes.set(xlabel=panel.x_label, ylabel=panel.z_label, zlabel=panel.y_label)
    axes.set_box_aspect((1, 1, 1), zoom=0.85)
    axes.locator_params(nbins=4)
    axes.view_init(elev=18, azim=-62)


def _set_axes(axes: Any, panel: Panel) -> None:
    if panel.sideways:
        axes.set_yticks(range(len(panel.categories)), panel.categories)
        axes.set_ylim(len(panel.categories) - 0.5, -0.5)
        axes.set_xlim(panel.y_range)
        axes.set(xlabel=panel.y_label, ylabel=panel.x_label)
        return
    if panel.log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(
            NullFormatter() if panel.decades > _DECADES else LogFormatter(minor_thresholds=(2, 0.6))
        )
    if panel.x_range is not None:
        axes.set_xlim(panel.x_range)
    if panel.y_range is not None:
        axes.set_ylim(panel.y_range)
    if panel.categories:
        axes.set_xticks(range(len(panel.categories)), panel.categories)
        axes.set_xlim(-0.5, len(panel.categories) - 0.5)
    if panel.same_scale:
        axes.set_aspect("equal", adjustable="box")
    for value, _ in panel.levels:
        axes.axhline(value, color="#777777", ls=":", lw=1)


def _line(axes: Any, line: Line, panel: Panel) -> None:
    look = _look(line)
    if line.low is None or line.high is None:
        axes.plot(line.x, line.y, drawstyle="steps-post" if line.mark == "step" else "default", **look)
    elif line.mark in ("line", "step"):
        step = "post" if line.mark == "step" else None
        axes.plot(line.x, line.y, drawstyle="steps-post" if step else "default", **look)
        if len(panel.lines) <= _BANDS:
            axes.fill_between(line.x, line.low, line.high, step=step, color=look["color"], alpha=0.18, lw=0)
    else:
        ends = np.array([line.y - line.low, line.high - line.y])
        if panel.sideways:
            axes.errorbar(line.y, line.x, xerr=ends, capsize=2, elinewidth=0.8, **look)
        else:
            axes.errorbar(line.x, line.y, yerr=ends, capsize=2, elinewidth=0.8, **look)


def _look(line: Line) -> dict[str, Any]:
    s = style(line.style)
    with_marker = line.mark in ("points", "marks")
    return {
        "color": LIGHT[s.colour],
        "ls": "none" if line.mark == "marks" else _DASHES[s.dash],
        "lw": 0.9 if with_marker else 1.3,
        "marker": _MARKERS[s.marker] if with_marker else None,
        "ms": 3.5,
    }


def _handle(name: str, number: int) -> Any:
    s = style(number)
    return mpl.lines.Line2D(
        [], [], color=LIGHT[s.colour], ls=_DASHES[s.dash], marker=_MARKERS[s.marker], ms=3.5, label=name
    )
