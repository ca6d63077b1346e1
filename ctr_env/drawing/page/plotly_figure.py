"""Panels as Plotly figures.

Colours are tokens that the page replaces by those of its light or dark theme: ``"@0"`` to ``"@7"`` for lines (``"@0~"``
for their bands), ``"@text"``, ``"@muted"`` and ``"@grid"``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chart import Line, Panel
from .styles import style

__all__ = ["plotly_figure"]

_HEIGHT, _CATEGORY_HEIGHT = 320, 26
_DIGITS = 4
_DECADES = 1.3  # that a logarithmic axis has with labels at powers of ten only
_SPACE_AXES = ("xaxis", "yaxis", "zaxis")
_SPACE_MARKERS = {"triangle-up": "diamond-open", "triangle-down": "circle-open"}


def plotly_figure(panel: Panel) -> dict[str, Any]:
    """A panel as the JSON of a Plotly figure: ``data`` and ``layout``.

    ``meta`` of a trace is the name of its line; bands have a ``uid`` that begins with ``"band"``, so that the page
    can hide them.
    """
    data: list[dict[str, Any]] = []
    for i, line in enumerate(panel.lines):
        if panel.in_space:
            data.append(_in_space(line))
            continue
        if line.low is not None and line.mark in ("line", "step"):
            data.append({**_band(line), "uid": f"band{i}"})
        data.append(_in_plane(line, panel))
    return {"data": data, "layout": _space_layout(panel) if panel.in_space else _plane_layout(panel)}


def _in_plane(line: Line, panel: Panel) -> dict[str, Any]:
    s = style(line.style)
    trace: dict[str, Any] = {
        "type": "scatter",
        "meta": line.name,
        "mode": {"points": "lines+markers", "marks": "markers"}.get(line.mark, "lines"),
        "x": _numbers(line.x),
        "y": _numbers(line.y),
        "line": {"color": f"@{s.colour}", "width": 2 if line.mark in ("line", "step") else 1.2, "dash": s.dash},
        "marker": {"color": f"@{s.colour}", "size": 8, "symbol": s.marker},
        "hovertemplate": f"%{{x:.3~g}}, %{{y:.3~g}}<extra>{_plain(line.name)}</extra>",
    }
    if line.mark == "step":
        trace["line"]["shape"] = "hv"
    if line.low is not None and line.high is not None and line.mark in ("points", "marks"):
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": _numbers(line.high - line.y),
            "arrayminus": _numbers(line.y - line.low),
            "color": f"@{s.colour}",
            "thickness": 1.3,
            "width": 4,
        }
    if panel.sideways:
        trace["x"], trace["y"] = trace["y"], trace["x"]
        if "error_y" in trace:
            trace["error_x"] = trace.pop("error_y")
    return trace


def _band(line: Line) -> dict[str, Any]:
    """The area between the lower and upper ends, as a closed polygon."""
    assert line.low is not None and line.high is not None
    x, low, high = line.x, line.low, line.high
    if line.mark == "step":
        x, low, high = np.repeat(x, 2)[1:], np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]
    known = np.isfinite(low) & np.isfinite(high)
    x, low, high = x[known], low[known], high[known]
    return {
        "type": "scatter",
        "meta": line.name,
        "mode": "lines",
        "x": _numbers(np.concatenate([x, x[::-1]])),
        "y": _numbers(np.concatenate([low, high[::-1]])),
        "fill": "toself",
        "fillcolor": f"@{style(line.style).colour}~",
        "line": {"width": 0, "color": f"@{style(line.style).colour}~"},
        "hoverinfo": "skip",
    }


def _in_space(line: Line) -> dict[str, Any]:
    assert line.z is not None
    s = style(line.style)
    return {
        "type": "scatter3d",
        "meta": line.name,
        "mode": "markers" if line.mark == "marks" else "lines",
        "x": _numbers(line.x),
        "y": _numbers(line.y),
        "z": _numbers(line.z),
        "line": {"color": f"@{s.colour}", "width": 4},
        "marker": {"color": f"@{s.colour}", "size": 4, "symbol": _SPACE_MARKERS.get(s.marker, s.marker)},
        "hovertemplate": f"%{{x:.3~g}}, %{{y:.3~g}}, %{{z:.3~g}}<extra>{_plain(line.name)}</extra>",
    }


def _plane_layout(panel: Panel) -> dict[str, Any]:
    x = _axis(panel.x_label, panel.x_range) | {"automargin": True}
    y = _axis(panel.y_label, panel.y_range) | {"automargin": True}
    if panel.log_y:
        y |= {"type": "log", "dtick": 1 if panel.decades > _DECADES else "D2", "minor": {"showgrid": False}}
        if panel.y_range is not None:
            y["range"] = [float(np.log10(end)) for end in panel.y_range]
    if panel.categories:
        x |= {"tickvals": list(range(len(panel.categories))), "ticktext": [_plain(c) for c in panel.categories]}
        x["range"] = [-0.5, len(panel.categories) - 0.5]
    height = _HEIGHT
    if panel.sideways:
        x, y = y, x
        y["range"] = y["range"][::-1]
        height = 110 + _CATEGORY_HEIGHT * len(panel.categories)
    if panel.same_scale:
        y |= {"scaleanchor": "x", "scaleratio": 1}
        for axis in (x, y):
            axis |= {"constrain": "domain", "showline": True, "mirror": True}
    return {**_common(panel), "height": height, "xaxis": x, "yaxis": y, **_levels(panel)}


def _levels(panel: Panel) -> dict[str, Any]:
    """Reference lines with their texts."""
    across, along = ("x", "y") if panel.sideways else ("y", "x")
    shapes, texts = [], []
    for value, text in panel.levels:
        ends = {f"{across}0": value, f"{across}1": value, f"{along}0": 0, f"{along}1": 1}
        line = {"color": "@muted", "width": 1.2, "dash": "dot"}
        shapes.append({"type": "line", f"{along}ref": "paper", **ends, "line": line})
        place = {across: float(np.log10(value)) if panel.log_y else value, along: 1, f"{along}ref": "paper"}
        texts.append(
            {
                **place,
                "text": text,
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "bottom",
                "font": {"size": 11, "color": "@muted"},
            }
        )
    return {"shapes": shapes, "annotations": texts}


def _space_layout(panel: Panel) -> dict[str, Any]:
    labels = dict(zip(_SPACE_AXES, (panel.x_label, panel.y_label, panel.z_label), strict=True))
    ends = dict(zip(_SPACE_AXES, panel.cube, strict=True))
    scene = {
        name: {
            **_axis(label, ends[name]),
            "showbackground": False,
            "title": {"text": label, "font": {"size": 11}},
            "tickfont": {"size": 10},
        }
        for name, label in labels.items()
    }
    view = {  # in camera axes (x right, y down, z forward): from behind the camera, a little to the right and above
        "up": {"x": 0, "y": -1, "z": 0},
        "eye": {"x": 1.25, "y": -1.05, "z": -1.75},
        "center": {"x": 0, "y": 0.12, "z": 0},
    }
    margin = {"l": 0, "r": 0, "t": 28 if panel.title else 4, "b": 0}
    return {
        **_common(panel),
        "margin": margin,
        "height": _HEIGHT + 40,
        "scene": {**scene, "aspectmode": "cube", "camera": view},
    }


def _common(panel: Panel) -> dict[str, Any]:
    return {
        "autosize": True,
        "showlegend": False,
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "@text", "size": 12},
        "title": {"text": _plain(panel.title), "font": {"size": 13}, "x": 0.5, "y": 0.98},
        "margin": {"l": 58, "r": 14, "t": 30 if panel.title else 14, "b": 46},
    }


def _axis(label: str, ends: tuple[float, float] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": {"text": label, "standoff": 6},
        "gridcolor": "@grid",
        "zerolinecolor": "@grid",
        "linecolor": "@muted",
    }
    return found if ends is None else found | {"range": list(ends)}


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers of few digits; ``None`` where one is not finite."""
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values]


def _plain(text: str) -> str:
    """A text in which Plotly finds no markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
