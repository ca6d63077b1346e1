"""Recording episodes of the real estimator: seeds of disjoint splits, progress, resuming."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from ctr_env.envs import ServoEnv
from ctr_env.envs.servo_env import CONTROL_HZ
from ctr_env.envs.spec import environment_spec
from ctr_env.errors import ConfigurationError, WorkerError
from ctr_env.estimators import PoseEstimator, make_estimator
from ctr_env.evaluation.servo.trace import run_episode
from ctr_env.runs.configuration import require_choice
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.naming import file_hashes
from ctr_env.runs.seeds import SPLITS, episode_seed
from ctr_env.runs.versions import versions
from ctr_env.scenes.randomization.presets import PRESETS
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .episodes import EpisodeRecord, frame_row
from .sampling import SampledEstimator

__all__ = ["ErrorModelStudy", "RecordingJob", "record_episodes"]

_SECONDS = {"servo": 5.0, "track": 8.0}
"""Length of an episode of each task: in ``servo`` the arm comes to rest, in ``track`` it follows a moving goal."""
_PATTERN = ("train", "train", "test", "train", "train", "validation", "train", "train", "test", "train")
"""Splits of ten consecutive episodes of a preset and a task."""


@dataclass(frozen=True, kw_only=True)
class ErrorModelStudy:
    """The episodes that an error model is fitted to."""

    robot: str = "panda"
    """Robot, by name or by a YAML file that describes it."""
    weights: Path | None = None
    """Weights of the network (default: those of the package)."""
    randomization: tuple[str, ...] = ("mild", "strong")
    """Presets, in turn."""
    episodes: int = 200
    """Number of episodes: seven of ten for the fit, one for validation and two for tests."""
    seed: int = 0
    """Seed of the episodes; the episodes of different seeds and splits differ."""

    def __post_init__(self) -> None:
        """Check names and ranges."""
        for name in self.randomization:
            require_choice("randomization", name, PRESETS)
        if not self.randomization or len(set(self.randomization)) != len(self.randomization):
            raise ConfigurationError(f"randomization must name presets, each once, not {self.randomization!r}")
        if self.episodes < 1:
            raise ConfigurationError(f"episodes must be at least 1, not {self.episodes}")

    @property
    def config(self) -> dict[str, Any]:
        """The settings that an episode depends on, with the hashes of files that they name."""
        found = {"robot": self.robot, "weights": self.weights, "randomization": self.randomization, "seed": self.seed}
        return found | {"files": file_hashes(found)}


@dataclass(frozen=True)
class RecordingJob:
    """One episode to record.

    Attributes:
        study: The study.
        index: Number of the episode.
        folder: Folder of the study.
    """

    study: ErrorModelStudy
    index: int
    folder: Path

    @property
    def randomization(self) -> str:
        """Preset; presets alternate."""
        return self.study.randomization[self.index % len(self.study.randomization)]

    @property
    def task(self) -> str:
        """``"servo"`` or ``"track"``, in turn."""
        return tuple(_SECONDS)[self.index // len(self.study.randomization) % len(_SECONDS)]

    @property
    def split(self) -> str:
        """``"train"``, ``"validation"`` or ``"test"``."""
        return _PATTERN[self.index // (len(self.study.randomization) * len(_SECONDS)) % len(_PATTERN)]

    @property
    def seed(self) -> int:
        """Seed of the episode; that of no other split."""
        return episode_seed(self.split, self.study.seed, self.index)

    @property
    def path(self) -> Path:
        """File of the record."""
        return self.folder / "episodes" / f"{self.split}_{self.index:06d}.npz"


def record_episodes(
    study: ErrorModelStudy, out: Path, on_episode: Callable[[], None] | None = None, workers: int = 1
) -> dict[str, list[EpisodeRecord]]:
    """Record the episodes of a study, or those that are missing.

    The real estimator closes the loop of PBVS with a static camera, on the frames that :class:`SampledEstimator`
    chooses.

    Args:
        study: The episodes.
        out: Folder of the records; made if missing. A study with more episodes may continue in it.
        on_episode: Called once for every episode, including those of earlier runs.
        workers: Number of processes; 1: this one. Records do not depend on it.

    Returns:
        The records by split, in the order of their numbers.

    Raises:
        RunFolderError: If the folder holds other episodes.
        WorkerError: If the process of an episode died at every attempt.
    """
    RunFolder(out, "fit-error-model", study.config | {"versions": versions("torch")})
    jobs = [RecordingJob(study, index, out) for index in range(study.episodes)]
    missing = [job for job in jobs if not job.path.is_file()]
    advance = on_episode or _ignore
    for _ in range(len(jobs) - len(missing)):
        advance()
    with closing(LocalEngine(max(1, min(workers, len(missing)))).run(_record, missing)) as ended:
        for each in ended:
            if each.result is None:
                raise WorkerError(f"the process of episode {missing[each.index].index} died again and again")
            advance()
    return {split: [EpisodeRecord.load(job.path) for job in jobs if job.split == split] for split in SPLITS}


def _record(job: RecordingJob) -> bool:
    env = _environment(job.study, job.randomization, job.task)
    rows: list[dict[str, Any]] = []

    def keep(bare: ServoEnv, info: dict[str, Any]) -> None:
        if bare.estimator.sampled:  # type: ignore[attr-defined]
            rows.append(frame_row(bare))

    run_episode(env, job.seed, keep)
    camera = env.unwrapped.snapshot.camera  # type: ignore[attr-defined]
    EpisodeRecord(
        job.seed,
        job.randomization,
        size=np.array([camera.width, camera.height]),
        intrinsics=np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
        **{name: np.array([row[name] for row in rows]) for name in rows[0]},
    ).save(job.path)
    return True


@lru_cache(maxsize=8)
def _environment(study: ErrorModelStudy, randomization: str, task: str) -> gym.Env[Any, Any]:
    """The environment of a preset and a task, which this process keeps."""
    seconds = _SECONDS[task]
    return gym.make(
        environment_spec(study.robot, task),
        max_episode_steps=round(seconds * CONTROL_HZ),
        disable_env_checker=True,
        estimator=SampledEstimator(_estimator(study), seconds),
        randomization=randomization,
    )


@lru_cache(maxsize=1)
def _estimator(study: ErrorModelStudy) -> PoseEstimator:
    config = {} if study.weights is None else {"weights": str(study.weights)}
    return make_estimator("ctrnet", config, RobotKinematics(study.robot))


def _ignore() -> None:
    """Ignore progress."""
