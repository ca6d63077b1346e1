"""Fixtures of the vector environments' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.vector import VectorEnv

import ctr_env  # noqa: F401 - registers the environments


@pytest.fixture
def make_vec() -> Iterator[Callable[..., VectorEnv]]:
    """Makes vector environments by the middle of their names and closes them in the end."""
    opened: list[VectorEnv] = []

    def make_vec(
        name: str = "PandaReach", count: int = 2, mode: str = "vector_entry_point", **kwargs: Any
    ) -> VectorEnv:
        opened.append(gym.make_vec(f"ctr_env/{name}-v0", count, vectorization_mode=mode, **kwargs))
        return opened[-1]

    yield make_vec
    for envs in opened:
        envs.close()
