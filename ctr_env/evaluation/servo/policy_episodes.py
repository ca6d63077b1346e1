"""Episodes of a learned policy: metrics, videos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ctr_env.drawing.video import open_video
from ctr_env.envs import ServoEnv
from ctr_env.envs.servo_env import CONTROL_HZ

from .annotate import annotate
from .metrics import episode_metrics
from .trace import run_episode

__all__ = ["Act", "act_of", "policy_episodes", "record_policy"]

Act = Callable[[Any], NDArray[np.float32]]
"""The action for an observation."""


def act_of(file: Path) -> Act:
    """The actions of a policy file; files that were used last are kept in memory.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is no policy file.
    """
    return _loaded(file, file.stat().st_mtime_ns if file.is_file() else 0)


@lru_cache(4)
def _loaded(file: Path, version: int) -> Act:
    """The actions of a file; ``version`` is another number when it has changed."""
    from ctr_env.learning.reinforcement.policy import Policy  # which needs PyTorch

    return Policy.load(file).act


def policy_episodes(env: gym.Env[Any, Any], act: Act, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Metrics of the episodes of some seeds, as :func:`~.metrics.episode_metrics` has them."""
    for seed in seeds:
        yield episode_metrics(run_episode(env, seed, policy=act))


def record_policy(env: gym.Env[Any, Any], act: Act, seed: int, file: Path) -> None:
    """Write an annotated video of an episode."""
    with open_video(file, CONTROL_HZ) as video:

        def add_frame(bare: ServoEnv, info: dict[str, Any]) -> None:
            video.add(annotate(bare, info))

        run_episode(env, seed, add_frame, act)
