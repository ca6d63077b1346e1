"""How well the arm is observed along the episode: error of the estimate, what it claims, visible share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Panel

from .over_time import EpisodeSeries, charts_of_scenarios, key_and_title, last_medians, system_lines
from .quantities import Quantity, quantity
from .study_data import Episode

__all__ = ["OBSERVED_OVER_TIME", "observation_charts"]

_SHOWN: Mapping[str, Quantity] = {
    "estimate_position_error_m": quantity("estimate_position_error_m"),
    "estimate_position_std_m": quantity("estimate_position_std_m"),
    "arm_in_view": quantity("visible_share"),
}
OBSERVED_OVER_TIME = tuple(_SHOWN)
"""Series that are drawn over time."""


def observation_charts(
    episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]
) -> tuple[Chart, ...]:
    """One chart for every scenario in which the estimate has an error; scenarios without traces are left out.

    Args:
        episodes: The study's episodes.
        series: Series over time.
        styles: Number of the style of every system.
    """
    return charts_of_scenarios(episodes, lambda scenario, group: _chart(scenario, group, series, styles))


def _chart(
    scenario: str, episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]
) -> Chart | None:
    panels = [
        Panel(system_lines(name, shown.scale, episodes, series, styles), "time (s)", shown.heading)
        for name, shown in _SHOWN.items()
    ]
    errors = panels[0]
    if all(not np.nanmax(line.y) > 0.0 for line in errors.lines):
        return None
    return Chart(
        *key_and_title("observed", "The estimate along the episode", scenario),
        caption="Median over the episodes (line) and 10th to 90th percentile (band), where the estimate is valid.",
        summary=f"Line chart of the estimate over time. Median {errors.y_label} at the end: "
        f"{last_medians(errors.lines)}.",
        panels=[panel for panel in panels if panel.lines],
    )
