"""Which of several environments have an episode, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctr_env.runs.configuration import require_integer

__all__ = ["EpisodeEnds"]

_NEVER = -1  # as gymnasium.make has it


class EpisodeEnds:
    """Counts the steps of every environment's episode, which ends after a fixed number of them."""

    def __init__(self, count: int, max_steps: int | None) -> None:
        """Count for environments that have no episode to end yet.

        Args:
            count: Number of environments.
            max_steps: Steps of an episode; ``None`` or -1: it never ends.

        Raises:
            ConfigurationError: If it is neither a positive integer nor -1.
        """
        forever = max_steps is None or max_steps == _NEVER
        self._limit = math.inf if forever else require_integer("max_episode_steps", max_steps, 1)
        self._steps, self._ended = np.zeros(count, int), np.zeros(count, bool)

    @property
    def ended(self) -> list[int]:
        """The environments whose episode has ended."""
        return [int(i) for i in np.flatnonzero(self._ended)]

    @property
    def running(self) -> list[int]:
        """The others."""
        return [int(i) for i in np.flatnonzero(~self._ended)]

    def advance(self, indices: Sequence[int]) -> NDArray[np.bool_]:
        """Count a step of some environments; ``(count,)`` which episodes it was the last one of."""
        self._steps[indices] += 1
        return self._steps >= self._limit

    def end(self, indices: Sequence[int]) -> None:
        """End the episodes of some environments."""
        self._ended[indices] = True

    def begin(self, index: int) -> None:
        """Begin an episode of an environment."""
        self._steps[index], self._ended[index] = 0, False
