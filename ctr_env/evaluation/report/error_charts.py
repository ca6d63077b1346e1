"""Errors over time: median and percentiles of every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS

from .grouping import by_scenario, by_system
from .quantities import quantity
from .series import ErrorSeries, band
from .study_data import Episode

__all__ = ["ERRORS_OVER_TIME", "error_charts"]

ERRORS_OVER_TIME = (
    *("true_position_error_m", "true_rotation_error_rad"),
    *("apparent_position_error_m", "estimate_position_error_m"),
)
"""Errors that are drawn over time."""

_JUDGED = ("true_position_error_m", "true_rotation_error_rad")  # by the tolerances, in this order
_FLOOR = 1e-2  # mm and degrees: smaller errors are drawn here, so that those of perfect estimates have a place
Series = Mapping[tuple[str, int], ErrorSeries]


def error_charts(episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> tuple[Chart, ...]:
    """One chart of errors over time for every scenario; scenarios without traces are left out.

    Args:
        episodes: The study's episodes.
        series: Errors over time by cell and seed.
        styles: Number of the style of every system.
    """
    charts = (_chart(name, group, series, styles) for name, group in by_scenario(episodes).items())
    return tuple(chart for chart in charts if chart is not None)


def _chart(scenario: str, episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> Chart | None:
    panels = [panel for name in ERRORS_OVER_TIME if (panel := _panel(name, episodes, series, styles)) is not None]
    if not panels:
        return None
    return Chart(
        key=f"errors-{scenario}" if scenario else "errors",
        title="Errors over time" + (f": {scenario}" if scenario else ""),
        caption=_meaning(scenario)
        + "Median over the episodes (line) and 10th to 90th percentile (band). Dotted: tolerance of success. "
        f"Apparent and estimate errors are drawn where the estimate is valid; errors below {_FLOOR:g} are drawn there.",
        summary=_summary(panels[0]),
        panels=panels,
    )


def _panel(name: str, episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> Panel | None:
    shown = quantity(name)
    lines, tolerances = [], set[float]()
    for system, group in by_system(episodes).items():
        known = [series[e.cell, e.seed] for e in group if (e.cell, e.seed) in series]
        found = band(known, name, shown.scale)
        if name in _JUDGED:
            tolerances |= {each.tolerances[_JUDGED.index(name)] for each in known}
        if found is not None:
            median, low, high = (np.maximum(each, _FLOOR) for each in (found.median, found.low, found.high))
            lines.append(Line(system, found.time_s, median, styles[system], low=low, high=high))
    if not lines or all(np.nanmax(line.y) <= _FLOOR for line in lines):
        return None
    levels = [(shown.scale * value, "tolerance") for value in sorted(tolerances) if np.isfinite(value)]
    end = max(float(line.x[-1]) for line in lines)
    return Panel(lines, "time (s)", shown.heading, x_range=(0.0, end), log_y=True, levels=levels)


def _meaning(scenario: str) -> str:
    """What is special about a scenario of the benchmark; empty for others."""
    known = SCENARIOS.get(scenario.rpartition(", ")[2])
    return "" if known is None else f"{known.doc} "


def _summary(panel: Panel) -> str:
    """Medians at the end, in words."""
    ends = []
    for line in panel.lines:
        known = line.y[np.isfinite(line.y)]
        ends.append(f"{line.name} {known[-1]:.3g}")
    return f"Line chart of errors over time. Median {panel.y_label} at the end: {'; '.join(ends)}."
