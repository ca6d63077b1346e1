"""Environments that are stepped together, batched or in several processes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gymnasium as gym
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from ctr_env.runs.engines.worker import start_worker
from ctr_env.runs.start_method import graphics_start_method

from .environments import NumberedEpisodes, make_environment
from .numbered_environments import NumberedVectorEnv

__all__ = ["training_environments"]


def training_environments(env_id: str, settings: Mapping[str, Any], seed: int, count: int) -> VecEnv:
    """Environments that are stepped together.

    Args:
        env_id: Gymnasium id.
        settings: Keyword arguments.
        seed: Seed of the training.
        count: Number of environments; several are batched (:class:`~ctr_env.envs.vector.ServoVectorEnv`), or in
            processes of their own if they are not registered with a vector environment.
    """
    if count > 1 and gym.spec(env_id).vector_entry_point is not None:
        vector: Any = gym.make_vec(
            env_id, count, vectorization_mode="vector_entry_point", autoreset_mode="Disabled", **settings
        )
        return NumberedVectorEnv(vector, seed)
    makers: list[Callable[[], gym.Env[Any, Any]]] = [
        partial(_make, env_id, dict(settings), seed, number, count) for number in range(count)
    ]
    return DummyVecEnv(makers) if count == 1 else SubprocVecEnv(makers, start_method=graphics_start_method())


def _make(env_id: str, settings: Mapping[str, Any], seed: int, first: int, stride: int) -> gym.Env[Any, Any]:
    if multiprocessing.parent_process() is not None:
        start_worker(None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    return Monitor(NumberedEpisodes(make_environment(env_id, settings), seed, first, stride))
