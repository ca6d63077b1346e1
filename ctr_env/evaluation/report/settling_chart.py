"""Survival curves of settling: how many episodes have not settled yet?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel

from .grouping import by_system
from .intervals import share, values_of
from .quantities import quantity
from .study_data import Episode

__all__ = ["settling_chart"]


def settling_chart(episodes: Sequence[Episode], duration_s: float, styles: Mapping[str, int]) -> Chart | None:
    """Share of the episodes that have not settled, against time; ``None`` if none settles.

    All episodes last equally long, so the Kaplan-Meier estimate is the share itself and its interval that of Wilson;
    episodes that never settle are censored at the end.

    Args:
        episodes: The study's episodes.
        duration_s: Length of an episode, seconds.
        styles: Number of the style of every system.
    """
    lines = [_line(name, group, duration_s, styles[name]) for name, group in by_system(episodes).items()]
    if all((line.y == 100.0).all() for line in lines):
        return None
    ends = "; ".join(f"{line.name} {line.y[-1]:.3g}" for line in lines)
    return Chart(
        key="settling",
        title="Settling",
        caption="Share of the episodes that have not yet settled, that is, whose true errors will leave the tolerances "
        "again; with a block, that are not yet a success to the end. The band is the 95 % Wilson interval. The height "
        "at the end is the share that never settles.",
        summary=f"Survival curves of settling. Share not settled at the end, percent: {ends}.",
        panels=[
            Panel(lines, "time (s)", "not settled (%)", x_range=(0.0, duration_s), y_range=(0.0, 103.0)),
        ],
    )


def _line(system: str, episodes: Sequence[Episode], duration_s: float, style: int) -> Line:
    times = np.sort(values_of(episodes, quantity("settling_time_s")))
    x = np.unique(np.concatenate([[0.0], times, [max(duration_s, *times, 0.0)]]))
    left = [share(len(episodes) - int(np.searchsorted(times, t, side="right")), len(episodes)) for t in x]
    y, low, high = (np.array([getattr(each, name) for each in left], float) for name in ("value", "low", "high"))
    return Line(system, x, y, style, low=low, high=high, mark="step")
