"""Accuracy against the levels of an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.drawing.page.table import Number
from ctr_env.evaluation.benchmark.perturbations import PERTURBATIONS

from .grouping import Axis, level_text
from .intervals import median_of, success_of
from .quantities import quantity
from .study_data import Episode

__all__ = ["axis_chart"]

_SPREAD = {False: 0.3, True: 0.02}  # width over which systems are spread: of a category, and of an axis of numbers


def axis_chart(axis: Axis, styles: Mapping[str, int]) -> Chart:
    """Success and median true errors of every system at every level of an axis.

    Args:
        axis: The axis.
        styles: Number of the style of every system.
    """
    position, rotation = quantity("true_position_error_m"), quantity("true_rotation_error_rad")
    panels = [
        _panel(axis, styles, "success (%)", success_of, (0.0, 104.0)),
        _panel(axis, styles, position.heading, lambda episodes: median_of(episodes, position)),
        _panel(axis, styles, rotation.heading, lambda episodes: median_of(episodes, rotation)),
    ]
    return Chart(
        key=f"axis-{axis.key}",
        title=f"Accuracy against {axis.key}",
        caption=_meaning(axis.key)
        + "Success with its 95 % Wilson interval; medians of the true errors with 95 % intervals. "
        "Only settings of the other axes at which every level was run are compared. "
        "Systems are drawn slightly side by side.",
        summary=_summary(axis, panels[1]),
        panels=panels,
    )


def _panel(
    axis: Axis,
    styles: Mapping[str, int],
    label: str,
    value: Callable[[Sequence[Episode]], Number],
    y_range: tuple[float, float] | None = None,
) -> Panel:
    systems = list(dict.fromkeys(name for groups in axis.groups.values() for name in groups))
    width = _SPREAD[axis.numeric] * (float(axis.levels[-1] - axis.levels[0]) if axis.numeric else 1.0)
    lines = []
    for i, system in enumerate(systems):
        shift = width * ((i + 0.5) / len(systems) - 0.5)
        points = []
        for position, level in enumerate(axis.levels):
            number = value(axis.groups[level].get(system, ()))
            if number.value is not None:
                x = (float(level) if axis.numeric else position) + shift
                points.append((x, number.value, _or(number.low, number.value), _or(number.high, number.value)))
        if points:
            x, y, low, high = np.array(points).T
            lines.append(Line(system, x, y, styles[system], low=low, high=high, mark="points"))
    categories = () if axis.numeric else tuple(map(level_text, axis.levels))
    return Panel(lines, axis.key, label, y_range=y_range, categories=categories)


def _meaning(key: str) -> str:
    """What a perturbation is; empty for other parameters."""
    kind, _, name = key.partition(".")
    return f"{PERTURBATIONS[name].doc} " if kind == "perturbation" and name in PERTURBATIONS else ""


def _or(end: float | None, value: float) -> float:
    return value if end is None else end


def _summary(axis: Axis, panel: Panel) -> str:
    parts = [f"{line.name} {line.y[0]:.3g} to {line.y[-1]:.3g}" for line in panel.lines if len(line.y)]
    first, last = level_text(axis.levels[0]), level_text(axis.levels[-1])
    return f"Accuracy against {axis.key}. {panel.y_label}, median, from {first} to {last}: {'; '.join(parts)}."
