"""How well the arm is observed along the episode: error of the estimate, what it claims, visible share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ctr_env.drawing.page.chart import Chart, Line, Panel

from .grouping import by_scenario, by_system
from .quantities import Quantity, quantity
from .series import ErrorSeries, band
from .study_data import Episode

__all__ = ["OBSERVED_OVER_TIME", "observation_charts"]

_SHOWN: Mapping[str, Quantity] = {
    "estimate_position_error_m": quantity("estimate_position_error_m"),
    "estimate_position_std_m": quantity("estimate_position_std_m"),
    "arm_in_view": quantity("visible_share"),
}
OBSERVED_OVER_TIME = tuple(_SHOWN)
"""Series that are drawn over time."""
Series = Mapping[tuple[str, int], ErrorSeries]


def observation_charts(episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> tuple[Chart, ...]:
    """One chart for every scenario in which the estimate has an error; scenarios without traces are left out.

    Args:
        episodes: The study's episodes.
        series: Series over time by cell and seed.
        styles: Number of the style of every system.
    """
    charts = (_chart(name, group, series, styles) for name, group in by_scenario(episodes).items())
    return tuple(chart for chart in charts if chart is not None)


def _chart(scenario: str, episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> Chart | None:
    panels = [_panel(name, episodes, series, styles) for name in OBSERVED_OVER_TIME]
    if not panels[0].lines or all(float(line.y[-1]) == 0.0 for line in panels[0].lines):
        return None
    ends = "; ".join(f"{line.name} {line.y[-1]:.3g}" for line in panels[0].lines)
    return Chart(
        key=f"observed-{scenario}" if scenario else "observed",
        title="The estimate along the episode" + (f": {scenario}" if scenario else ""),
        caption="Median over the episodes (line) and 10th to 90th percentile (band), where the estimate is valid.",
        summary=f"Line chart of the estimate over time. Median {panels[0].y_label} at the end: {ends}.",
        panels=[panel for panel in panels if panel.lines],
    )


def _panel(name: str, episodes: Sequence[Episode], series: Series, styles: Mapping[str, int]) -> Panel:
    shown, lines = _SHOWN[name], []
    for system, group in by_system(episodes).items():
        known = [series[e.cell, e.seed] for e in group if (e.cell, e.seed) in series]
        found = band(known, name, shown.scale)
        if found is not None:
            lines.append(Line(system, found.time_s, found.median, styles[system], low=found.low, high=found.high))
    return Panel(lines, "time (s)", shown.heading)
