"""Results of policies that were trained several times: episodes by training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.evaluation.benchmark.statistics import crossed_interval, sign_flip

from .grouping import Axis, by_system, pair_of
from .intervals import LEVEL
from .quantities import Quantity
from .study_data import Episode

__all__ = ["Difference", "Value", "agent_systems", "agent_trainings", "difference", "trainings_of", "value_of"]

_AGENT, _SEED = "agent", "training_seed"
_FEWEST = 2

Value = Callable[[Episode], float | None]
"""A number of an episode; ``None`` where it is undefined."""


@dataclass(frozen=True)
class Difference:
    """Mean difference of two systems over the trainings of both and the episodes that all of them have.

    Attributes:
        episodes: Number of these episodes.
        mean: First minus second.
        low: Lower end of its interval, in which trainings and episodes vary.
        high: Upper end.
        p: P-value of the sign-flip test over the episodes, of the means over the trainings.
    """

    episodes: int
    mean: float
    low: float
    high: float
    p: float


def agent_systems(episodes: Sequence[Episode]) -> tuple[str, ...]:
    """Systems that are agents, in the order of the study."""
    return tuple(name for name, group in by_system(episodes).items() if group[0].parameters.get(_AGENT))


def agent_trainings(episodes: Sequence[Episode]) -> set[tuple[str, int]]:
    """Agents and seeds of the trainings whose policies acted."""
    named = ((e.parameters.get(_AGENT), e.parameters.get(_SEED)) for e in episodes)
    return {(str(agent), int(seed)) for agent, seed in named if agent is not None and seed is not None}


def trainings_of(episodes: Sequence[Episode]) -> dict[int | None, list[Episode]]:
    """Episodes by the seed of the training; by ``None`` where nothing was trained."""
    found: dict[int | None, list[Episode]] = {}
    for episode in episodes:
        seed = episode.parameters.get(_SEED)
        found.setdefault(None if seed is None else int(seed), []).append(episode)
    return found


def difference(
    first: Sequence[Episode], second: Sequence[Episode], axes: Sequence[Axis], value: Value
) -> Difference | None:
    """Compare two systems; ``None`` with fewer than two episodes in which the number is defined for all trainings.

    Args:
        first: Episodes of one system.
        second: Episodes of the other system.
        axes: The study's axes: a pair has the same level of each, as well as the same scenario and seed.
        value: What is compared.
    """
    sides = [_by_pair(group, axes, value) for group in (first, second)]
    rows = [row for side in sides for row in side]
    pairs = [pair for pair in rows[0] if all(pair in row for row in rows)] if rows else []
    if len(pairs) < _FEWEST:
        return None
    a, b = (np.array([[row[pair] for pair in pairs] for row in side]) for side in sides)
    low, high = crossed_interval(a, b, confidence=LEVEL)
    paired: NDArray[np.float64] = a.mean(axis=0) - b.mean(axis=0)
    return Difference(len(pairs), float(paired.mean()), low, high, sign_flip(paired))


def value_of(quantity: Quantity) -> Value:
    """A metric in the quantity's unit."""

    def value(episode: Episode) -> float | None:
        found = episode.value(quantity.key)
        return None if found is None else quantity.scale * found

    return value


def _by_pair(episodes: Sequence[Episode], axes: Sequence[Axis], value: Value) -> list[dict[str, float]]:
    """For each training the defined values by pair."""
    found = []
    for group in trainings_of(episodes).values():
        values = ((pair_of(episode, axes), value(episode)) for episode in group)
        found.append({pair: number for pair, number in values if number is not None})
    return found
