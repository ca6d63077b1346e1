"""Paired comparison of every system with a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ctr_env.drawing.page.table import Cell, Column, Number, Table
from ctr_env.evaluation.benchmark.comparison import Comparison, compare
from ctr_env.runs.configuration import require_choice

from .grouping import Axis, by_system, pair_of
from .intervals import LEVEL
from .quantities import ACCURACY, Quantity
from .study_data import Episode

__all__ = ["comparison_tables"]

_SUCCESS = Quantity("success", "success", "points", 100.0, "Whether the episode ended at the goal.")


def comparison_tables(episodes: Sequence[Episode], axes: Sequence[Axis], baseline: str | None) -> tuple[Table, ...]:
    """The table of differences to the baseline; none for a single system.

    Args:
        episodes: The study's episodes.
        axes: Its axes: a pair has the same level of each, as well as the same scenario and seed.
        baseline: Name of the baseline; ``None``: the first system.

    Raises:
        ConfigurationError: If there is no such system.
    """
    systems = list(by_system(episodes))
    baseline = systems[0] if baseline is None else baseline
    require_choice("baseline", baseline, systems)
    if len(systems) < 2:
        return ()
    quantities = [_SUCCESS] + [q for q in ACCURACY if any(e.value(q.key) is not None for e in episodes)]
    rows = _rows(episodes, axes, quantities)
    found = {q.key: compare(rows, q.key, baseline, pair_by=("pair",), confidence=LEVEL) for q in quantities}
    columns = [Column("system", numeric=False)]
    for each in quantities:
        heading = f"{each.label} ({each.unit})"
        columns += [Column("pairs", group=heading), Column("difference", group=heading), Column("p", group=heading)]
    content: list[tuple[Cell, ...]] = []
    for i, first in enumerate(found["success"]):
        cells: list[Cell] = [first.system]
        for each in quantities:
            cells += _cells(found[each.key][i], each.scale)
        content.append(tuple(cells))
    return (Table("comparison", f"Differences to {baseline}", _NOTE, tuple(columns), tuple(content)),)


_NOTE = (
    "Mean of system minus baseline over pairs of episodes with the same seed, scenario and levels of all axes, with "
    "its 95 % paired bootstrap interval (BCa). p: McNemar's exact test for success, the sign-flip permutation test "
    "otherwise, corrected by Holm for all systems of the table. Pairs in which a metric is undefined are left out. "
    "Of a policy that was trained several times, the mean over its trainings counts."
)


def _rows(episodes: Sequence[Episode], axes: Sequence[Axis], quantities: Sequence[Quantity]) -> list[dict[str, Any]]:
    """One row for each pair of each system: the mean over several trainings of a policy."""
    groups: dict[tuple[str, str], list[Episode]] = {}
    for episode in episodes:
        groups.setdefault((episode.system, pair_of(episode, axes)), []).append(episode)
    return [
        {"system": system, "pair": pair, **{each.key: _mean(found, each) for each in quantities}}
        for (system, pair), found in groups.items()
    ]


def _mean(episodes: Sequence[Episode], quantity: Quantity) -> bool | float | None:
    """The metric of an episode, or its mean over those of several trainings in which it is defined."""
    if len(episodes) == 1:
        return episodes[0].success if quantity is _SUCCESS else episodes[0].value(quantity.key)
    values = [float(e.success) if quantity is _SUCCESS else e.value(quantity.key) for e in episodes]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cells(comparison: Comparison, scale: float) -> list[Cell]:
    if comparison.difference is None or comparison.low is None or comparison.high is None:
        return [comparison.pairs, Number(None), Number(None)]
    ends = (comparison.difference, comparison.low, comparison.high)
    return [comparison.pairs, Number(*(scale * end for end in ends)), Number(comparison.p_holm)]
