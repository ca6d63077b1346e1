"""Agents beside controllers and beside each other: success in every scenario, and paired differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ctr_env.drawing.page.table import Cell, Column, Number, Table
from ctr_env.evaluation.benchmark.statistics import crossed_interval, holm

from .grouping import Axis, by_scenario, by_system
from .intervals import LEVEL, median_of, share
from .quantities import OBSERVATION, Quantity, quantity
from .study_data import Episode
from .trainings import Difference, Value, agent_systems, difference, trainings_of, value_of

__all__ = ["agent_comparison", "agent_table", "observation_comparison"]

_ERROR = quantity("true_position_error_m")
_INTERVAL = (
    "with 95 % intervals of a bootstrap in which trainings and episodes are resampled independently of each other; "
    "with three trainings these are rather too short"
)
_TESTS = (
    "p: sign-flip permutation test over the episodes, of the means over the trainings, corrected by Holm for the "
    "column: it holds for these policies, not for further trainings."
)
Group = Sequence[Episode]
Measure = tuple[str, Value]
"""A heading with its unit, and what stands below it."""


def agent_table(episodes: Sequence[Episode]) -> Table:
    """Success of every system in every scenario, with what its trainings differ by."""
    rows: list[tuple[Cell, ...]] = []
    for scenario, group in by_scenario(episodes).items():
        for system, own in by_system(group).items():
            rates = [100.0 * float(np.mean([e.success for e in each])) for each in trainings_of(own).values()]
            ends = (Number(min(rates)), Number(max(rates)))
            rows.append((scenario, system, len(rates), len(own), _success(own), *ends, median_of(own, _ERROR)))
    columns = (
        *(Column(name, numeric=False) for name in ("scenario", "system")),
        *(Column("trainings"), Column("episodes"), Column("mean", group="success (%)")),
        *(Column("worst training", group="success (%)"), Column("best training", group="success (%)")),
        Column("median", group=_ERROR.heading),
    )
    note = f"Success {_INTERVAL}. Medians over the episodes of all trainings."
    return Table("agents-success", "Success by scenario", note, columns, tuple(rows))


def agent_comparison(episodes: Sequence[Episode], axes: Sequence[Axis]) -> Table:
    """Every agent against every controller, and against the first agent, in every scenario."""
    measures: list[Measure] = [("success (points)", lambda e: 100.0 * e.success), (_ERROR.heading, value_of(_ERROR))]
    note = f"Mean of agent minus other over the same episodes, {_INTERVAL}. {_TESTS}"
    return _differences("agents-differences", "Differences between agents and others", note, episodes, axes, measures)


def observation_comparison(episodes: Sequence[Episode], axes: Sequence[Axis]) -> Table | None:
    """Every agent against those with the same estimator, for how well the arm could be observed.

    ``None`` where no estimate has an error.
    """
    shown = [quantity("estimate_position_error_m"), *OBSERVATION]
    estimated = [name for name, group in by_scenario(episodes).items() if _largest(group, shown[0]) > 0.0]
    seen = [episode for episode in episodes if episode.scenario in estimated]
    if not seen:
        return None
    note = (
        "Mean of agent minus other over the same episodes: an agent that looks has smaller errors of the estimate, and "
        f"sees more of the arm. Means {_INTERVAL}. {_TESTS} Errors of the estimate also depend on where the episode "
        "goes: compare agents with those that were trained on true poses, which cannot have learned to look."
    )
    measures: list[Measure] = [(each.heading, value_of(each)) for each in shown if _largest(seen, each) > 0.0]
    return _differences(
        "agents-observation", "Differences in what is observed", note, seen, axes, measures, same_estimator=True
    )


def _differences(
    key: str,
    title: str,
    note: str,
    episodes: Sequence[Episode],
    axes: Sequence[Axis],
    measures: Sequence[Measure],
    same_estimator: bool = False,
) -> Table:
    pairs = list(_pairs(episodes, same_estimator))
    found = [[difference(first, second, axes, value) for _, value in measures] for _, first, second in pairs]
    adjusted = [_adjusted([row[i] for row in found]) for i in range(len(measures))]
    rows: list[tuple[Cell, ...]] = []
    for i, ((head, *_), row) in enumerate(zip(pairs, found, strict=True)):
        cells: list[Cell] = [*head, max((each.episodes for each in row if each is not None), default=0)]
        for each, p in zip(row, adjusted, strict=True):
            cells += [_number(each), Number(p[i])]
        rows.append(tuple(cells))
    columns = [Column(name, numeric=False) for name in ("scenario", "agent", "against")] + [Column("pairs")]
    for heading, _ in measures:
        columns += [Column("difference", group=heading), Column("p", group=heading)]
    return Table(key, title, note, tuple(columns), tuple(rows))


def _pairs(episodes: Sequence[Episode], same_estimator: bool) -> Iterator[tuple[tuple[str, str, str], Group, Group]]:
    """Scenario, agent and other system, and the episodes of both, of every pair that is compared."""
    agents = agent_systems(episodes)
    for scenario, group in by_scenario(episodes).items():
        systems = by_system(group)
        for agent in (name for name in agents if name in systems):
            for other in systems:
                known = other not in agents or (other == agents[0] and agent != other)
                if known and (not same_estimator or _estimator(systems[other]) == _estimator(systems[agent])):
                    yield (scenario, agent, other), systems[agent], systems[other]


def _estimator(episodes: Sequence[Episode]) -> str:
    return str(episodes[0].parameters.get("estimator"))


def _adjusted(column: Sequence[Difference | None]) -> list[float | None]:
    corrected = iter(holm([each.p for each in column if each is not None]))
    return [None if each is None else next(corrected) for each in column]


def _number(found: Difference | None) -> Number:
    return Number(None) if found is None else Number(found.mean, found.low, found.high)


def _success(episodes: Sequence[Episode]) -> Number:
    """Share of successes, percent, with the interval over trainings and episodes; Wilson's where nothing varies."""
    rows = [[float(e.success) for e in each] for each in trainings_of(episodes).values()]
    mean = float(np.mean([np.mean(row) for row in rows]))
    if len(rows) == 1 or mean in (0.0, 1.0):
        return share(round(mean * len(rows[0])), len(rows[0]))
    if len({len(row) for row in rows}) > 1 or len(rows[0]) == 1:
        return Number(100.0 * mean)  # of a study that is not finished, or of one episode
    low, high = crossed_interval(rows, np.zeros((1, len(rows[0]))), confidence=LEVEL)
    return Number(100.0 * mean, 100.0 * low, 100.0 * high)


def _largest(episodes: Sequence[Episode], shown: Quantity) -> float:
    return max((value for episode in episodes if (value := episode.value(shown.key)) is not None), default=0.0)
