"""Fixtures of the environments' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import ctr_env  # noqa: F401 - registers the environments


@pytest.fixture
def make() -> Iterator[Callable[..., gym.Env]]:
    """Makes environments by the middle of their names and closes them in the end."""
    opened = []

    def make(name: str = "PandaServo", **kwargs: Any) -> gym.Env:
        opened.append(gym.make(f"ctr_env/{name}-v0", disable_env_checker=True, **kwargs))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


@pytest.fixture
def run() -> Callable[..., dict[str, Any]]:
    """Takes steps with one action (zero by default); the last info."""

    def run(env: gym.Env, steps: int, action: np.ndarray | None = None) -> dict[str, Any]:
        action = np.zeros(env.action_space.shape, np.float32) if action is None else action
        for _ in range(steps):
            *_, info = env.step(action)
        return info

    return run


@pytest.fixture
def random_steps() -> Callable[[gym.Env, int], None]:
    """Random actions with a block, each for ten steps; nothing explodes, and the block stays within five metres."""

    def run(env: gym.Env, count: int) -> None:
        env.reset(seed=0)
        env.action_space.seed(0)
        scene = env.unwrapped.scene
        for _ in range(count // 10):
            action = env.action_space.sample()
            for _ in range(10):
                obs, reward, *_ = env.step(action)
            assert np.isfinite(reward) and all(np.isfinite(value).all() for value in obs.values())
            assert np.abs(scene.data.qvel).max() < 50.0
            assert scene.data.warning.number.sum() == 0
            assert np.linalg.norm(scene.base_T_block[:3, 3]) < 5.0

    return run
