"""Charts over time: one for every scenario, with a line for every system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line

from .grouping import by_scenario, by_system
from .series import ErrorSeries, band
from .study_data import Episode

__all__ = ["EpisodeSeries", "charts_of_scenarios", "key_and_title", "last_medians", "system_lines"]

EpisodeSeries = Mapping[tuple[str, int], ErrorSeries]
"""Series over time by cell and seed of the episode."""


def charts_of_scenarios(
    episodes: Sequence[Episode], chart: Callable[[str, Sequence[Episode]], Chart | None]
) -> tuple[Chart, ...]:
    """The chart of every scenario, in the order of the study; those without one are left out.

    Args:
        episodes: The study's episodes.
        chart: Makes the chart of a scenario's name and episodes; ``None`` if there is nothing to show.
    """
    charts = (chart(name, group) for name, group in by_scenario(episodes).items())
    return tuple(each for each in charts if each is not None)


def key_and_title(key: str, title: str, scenario: str) -> tuple[str, str]:
    """Key and title of the chart of a scenario, whose name may be empty."""
    return (f"{key}-{scenario}", f"{title}: {scenario}") if scenario else (key, title)


def system_lines(
    name: str, scale: float, episodes: Sequence[Episode], series: EpisodeSeries, styles: Mapping[str, int]
) -> list[Line]:
    """Median over the episodes of every system, with the 10th and 90th percentile; systems without values are left out.

    Args:
        name: Name of the series.
        scale: Factor of its values.
        episodes: The episodes.
        series: Series over time; episodes without one are left out.
        styles: Number of the style of every system.
    """
    lines = []
    for system, group in by_system(episodes).items():
        found = band([series[e.cell, e.seed] for e in group if (e.cell, e.seed) in series], name, scale)
        if found is not None:
            lines.append(Line(system, found.time_s, found.median, styles[system], low=found.low, high=found.high))
    return lines


def last_medians(lines: Sequence[Line]) -> str:
    """The last value of every line that is known, in words."""
    return "; ".join(f"{line.name} {line.y[np.isfinite(line.y)][-1]:.3g}" for line in lines)
