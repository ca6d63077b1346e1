"""One recorded episode as a job of an engine, and the environments that a process keeps between jobs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym

from ctr_env.drawing.video import open_video
from ctr_env.envs import ServoEnv
from ctr_env.envs.servo_env import CONTROL_HZ

from .annotate import annotate
from .policy_episodes import act_of
from .servo_study import ServoStudy
from .trace import Trace, run_episode

__all__ = ["EpisodeJob", "close_environments", "environment_for", "record_episode", "run_recorded"]

_KEPT = 2
_environments: OrderedDict[str, gym.Env[Any, Any]] = OrderedDict()  # of this process, the one used last at the end


@dataclass(frozen=True)
class EpisodeJob:
    """An episode to run, and where to record it.

    Attributes:
        key: Identifies the environment among those that a process keeps.
        study: Makes the environment.
        seed: Seed of the reset.
        trace: File of the time series.
        video: File of the video; ``None``: no video.
        policy: File of the policy that acts; ``None``: the environment's controller alone.
    """

    key: str
    study: ServoStudy
    seed: int
    trace: Path
    video: Path | None = None
    policy: Path | None = None

    @property
    def done(self) -> bool:
        """Whether its files exist."""
        return self.trace.is_file() and (self.video is None or self.video.is_file())


def run_recorded(job: EpisodeJob) -> Trace:
    """The trace of a job; the episode is run if its files do not exist."""
    if not job.done:
        record_episode(job).save(job.trace)
    return Trace.load(job.trace)


def record_episode(job: EpisodeJob) -> Trace:
    """Run the episode of a job and write its video; the environment is kept for the next job, unless it fails."""
    try:
        env = environment_for(job.key, job.study)
        act = None if job.policy is None else act_of(job.policy)
        if job.video is None:
            return run_episode(env, job.seed, None, act)
        with open_video(job.video, CONTROL_HZ) as video:

            def add_frame(bare: ServoEnv, info: dict[str, Any]) -> None:
                video.add(annotate(bare, info))

            return run_episode(env, job.seed, add_frame, act)
    except BaseException:
        close_environments(job.key)
        raise


def environment_for(key: str, study: ServoStudy) -> gym.Env[Any, Any]:
    """The environment of a key, made at its first use; the two that were used last are kept."""
    if key not in _environments:
        while len(_environments) >= _KEPT:
            _environments.popitem(last=False)[1].close()
        _environments[key] = study.make_environment()
    _environments.move_to_end(key)
    return _environments[key]


def close_environments(*keys: str) -> None:
    """Close environments that this process keeps: those of these keys, else all."""
    for key in keys or tuple(_environments):
        if (env := _environments.pop(key, None)) is not None:
            env.close()
