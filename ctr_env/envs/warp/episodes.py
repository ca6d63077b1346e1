"""The episodes of many worlds, drawn on the host by the code of the ordinary environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from gymnasium.utils import seeding

from ctr_env.envs.episode import Episode
from ctr_env.envs.seeding import Seeds, read_seeds
from ctr_env.envs.world import World
from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_integer
from ctr_env.scenes.warp.world_state import WorldState

__all__ = ["Beginning", "EpisodeSource"]


class Beginning(NamedTuple):
    """An episode, and the world at its beginning."""

    episode: Episode
    state: WorldState


class EpisodeSource:
    """Draws the episodes that N worlds begin with.

    Without a pool, world i begins the very episodes that an ordinary environment begins which is reset with the i-th
    seed. Each takes the host some ten milliseconds. With a pool, as many episodes are drawn once; the worlds begin with
    those in order, and with random ones of them from then on.
    """

    def __init__(self, world: World, count: int, pool: int | None) -> None:
        """Draw from a host world for N = ``count`` others.

        Raises:
            ConfigurationError: If the size of the pool is not a positive integer.
        """
        if pool is not None:
            pool = require_integer("episode_pool", pool, 1)
        self._world, self._count, self._size = world, count, pool
        self._pool: list[Beginning] = []
        self._streams = [seeding.np_random()[0] for _ in range(pool or count)]
        self._choice = np.random.default_rng()

    def seed(self, seed: Seeds) -> None:
        """Begin new streams of episodes: world i's by the i-th seed, which is ``seed + i`` for a number.

        Without a seed a stream goes on, as a generator of an ordinary environment does.

        Raises:
            ConfigurationError: If a seed is malformed, there are not N seeds, or several for a pool.
        """
        if self._size is not None and isinstance(seed, Sequence | np.ndarray):
            raise ConfigurationError("episodes from a pool have one seed, not one for each world")
        seeds = read_seeds(seed, len(self._streams))
        for i, each in enumerate(seeds):
            if each is not None:
                self._streams[i] = seeding.np_random(each)[0]
        if seeds[0] is not None:
            self._choice = np.random.default_rng(seeds[0])
        if seed is not None:
            self._pool = []

    def next(self) -> list[Beginning]:
        """The next episodes of all worlds.

        Raises:
            SamplingError: If the randomisation's rules leave no servoable, visible episode.
        """
        if self._size is None:
            return self._drawn()
        if self._pool:
            return [self._pool[i] for i in self._choice.integers(self._size, size=self._count)]
        self._pool = self._drawn()
        return [self._pool[i % self._size] for i in range(self._count)]

    def noise_seed(self) -> int:
        """A fresh seed for the noise of all worlds during their next episodes."""
        return int(self._choice.integers(2**63))

    def _drawn(self) -> list[Beginning]:
        """A fresh episode of every stream."""
        return [self._begin(int(stream.integers(2**62))) for stream in self._streams]

    def _begin(self, seed: int) -> Beginning:
        episode = self._world.begin(seed, {})
        return Beginning(episode, WorldState.of(self._world.scene))
