"""Paired comparison of every system with a baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ctr_env.drawing.page.table import Cell, Column, Number, Table
from ctr_env.evaluation.benchmark.comparison import Comparison, compare
from ctr_env.runs.configuration import require_choice

from .grouping import Axis, by_system
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
    rows = [_row(episode, axes, quantities) for episode in episodes]
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
    "otherwise, corrected by Holm for all systems of the table. Pairs in which a metric is undefined are left out."
)


def _row(episode: Episode, axes: Sequence[Axis], quantities: Sequence[Quantity]) -> dict[str, Any]:
    levels = [episode.parameters.get(axis.key) for axis in axes]
    pair = json.dumps([episode.scenario, episode.seed, *levels])
    values = {each.key: episode.value(each.key) for each in quantities}
    return {"system": episode.system, "pair": pair, **values, "success": episode.success}


def _cells(comparison: Comparison, scale: float) -> list[Cell]:
    if comparison.difference is None or comparison.low is None or comparison.high is None:
        return [comparison.pairs, Number(None), Number(None)]
    ends = (comparison.difference, comparison.low, comparison.high)
    return [comparison.pairs, Number(*(scale * end for end in ends)), Number(comparison.p_holm)]
