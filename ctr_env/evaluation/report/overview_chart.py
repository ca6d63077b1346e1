"""Success and true errors of all systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.drawing.page.table import Number

from .grouping import by_system
from .intervals import median_of, success_of
from .quantities import quantity
from .study_data import Episode

__all__ = ["overview_chart"]


def overview_chart(episodes: Sequence[Episode], styles: Mapping[str, int]) -> Chart:
    """Success, median true errors and settling time of every system, with 95 % intervals.

    Args:
        episodes: The study's episodes.
        styles: Number of the style of every system.
    """
    groups = by_system(episodes)
    success = {system: success_of(group) for system, group in groups.items()}
    panels = [_panel(success, "success (%)", styles, (0.0, 104.0))]
    for name in ("true_position_error_m", "true_rotation_error_rad", "settling_time_s"):
        shown = quantity(name)
        medians = {system: median_of(group, shown) for system, group in groups.items()}
        if any(number.value is not None for number in medians.values()):
            panels.append(_panel(medians, f"{shown.label}, median ({shown.unit})", styles))
    shares = "; ".join(f"{system} {number.value_text} %" for system, number in success.items())
    return Chart(
        key="overview",
        title="Overview of the systems",
        caption="Success with its 95 % Wilson interval; medians with distribution-free 95 % intervals.",
        summary=f"Success of every system: {shares}.",
        panels=panels,
    )


def _panel(
    numbers: Mapping[str, Number], label: str, styles: Mapping[str, int], y_range: tuple[float, float] | None = None
) -> Panel:
    lines = []
    for i, (system, number) in enumerate(numbers.items()):
        if number.value is not None:
            ends = (number.value if end is None else end for end in (number.low, number.high))
            x, y, low, high = (np.array([float(v)]) for v in (i, number.value, *ends))
            lines.append(Line(system, x, y, styles[system], low=low, high=high, mark="marks"))
    if y_range is None:
        y_range = (0.0, 1.08 * max(float(line.high[0]) for line in lines if line.high is not None) or 1.0)
    return Panel(lines, "", label, y_range=y_range, categories=tuple(numbers), sideways=True)
