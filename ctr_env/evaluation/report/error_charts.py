"""Errors over time: median and percentiles of every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS

from .over_time import EpisodeSeries, charts_of_scenarios, key_and_title, last_medians, system_lines
from .quantities import quantity
from .study_data import Episode

__all__ = ["ERRORS_OVER_TIME", "error_charts"]

ERRORS_OVER_TIME = (
    *("true_position_error_m", "true_rotation_error_rad"),
    *("apparent_position_error_m", "estimate_position_error_m"),
)
"""Errors that are drawn over time."""

_JUDGED = ("true_position_error_m", "true_rotation_error_rad")  # by the tolerances, in this order
_FLOOR = 1e-2  # mm and degrees: smaller errors are drawn here, so that those of perfect estimates have a place


def error_charts(episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]) -> tuple[Chart, ...]:
    """One chart of errors over time for every scenario; scenarios without traces are left out.

    Args:
        episodes: The study's episodes.
        series: Errors over time.
        styles: Number of the style of every system.
    """
    return charts_of_scenarios(episodes, lambda scenario, group: _chart(scenario, group, series, styles))


def _chart(
    scenario: str, episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]
) -> Chart | None:
    panels = [panel for name in ERRORS_OVER_TIME if (panel := _panel(name, episodes, series, styles)) is not None]
    if not panels:
        return None
    return Chart(
        *key_and_title("errors", "Errors over time", scenario),
        caption=_meaning(scenario)
        + "Median over the episodes (line) and 10th to 90th percentile (band). Dotted: tolerance of success. "
        f"Apparent and estimate errors are drawn where the estimate is valid; errors below {_FLOOR:g} are drawn there.",
        summary=f"Line chart of errors over time. Median {panels[0].y_label} at the end: "
        f"{last_medians(panels[0].lines)}.",
        panels=panels,
    )


def _panel(name: str, episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]) -> Panel | None:
    shown = quantity(name)
    lines = [_raised(line) for line in system_lines(name, shown.scale, episodes, series, styles)]
    if not lines or all(np.nanmax(line.y) <= _FLOOR for line in lines):
        return None
    levels = [(shown.scale * value, "tolerance") for value in _tolerances(name, episodes, series)]
    end = max(float(line.x[-1]) for line in lines)
    return Panel(lines, "time (s)", shown.heading, x_range=(0.0, end), log_y=True, levels=levels)


def _raised(line: Line) -> Line:
    """A line none of whose values is below the floor."""
    low, high = (None if each is None else np.maximum(each, _FLOOR) for each in (line.low, line.high))
    return replace(line, y=np.maximum(line.y, _FLOOR), low=low, high=high)


def _tolerances(name: str, episodes: Sequence[Episode], series: EpisodeSeries) -> list[float]:
    """The finite tolerances by which an error is judged, in ascending order."""
    if name not in _JUDGED:
        return []
    known = (series[e.cell, e.seed].tolerances for e in episodes if (e.cell, e.seed) in series)
    found = {tolerances[_JUDGED.index(name)] for tolerances in known if tolerances is not None}
    return sorted(value for value in found if np.isfinite(value))


def _meaning(scenario: str) -> str:
    """What is special about a scenario of the benchmark; empty for others."""
    known = SCENARIOS.get(scenario.rpartition(", ")[2])
    return "" if known is None else f"{known.doc} "
