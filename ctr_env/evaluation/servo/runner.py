"""Servoing studies: many seeds, progress, resuming, results on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym

from ctr_env.drawing.video import open_video
from ctr_env.envs import ServoEnv
from ctr_env.envs.servo_env import CONTROL_HZ
from ctr_env.envs.spec import environment_spec
from ctr_env.errors import ConfigurationError, RunFolderError
from ctr_env.runs.files import write_json
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.naming import file_hashes
from ctr_env.runs.versions import versions

from .annotate import annotate
from .metrics import episode_metrics
from .plots import plot_servo
from .summary import summarise
from .trace import Trace, run_episode

__all__ = ["SCHEMA", "ServoStudy", "run_servo_study", "video_path"]

SCHEMA = "ctr_env/servo@1"
_SHORTEST_S, _LONGEST_S = 0.1, 3600.0


@dataclass(frozen=True)
class ServoStudy:
    """Environment and episodes of a study.

    Attributes:
        robot: Robot, by name or by a file that describes it.
        task: ``"servo"`` or ``"track"``.
        episodes: Number of episodes.
        seed: Seed of the first episode; each following episode adds one.
        env_config: Further keyword arguments of the environment.
        seconds: Length of an episode, seconds; ``None``: as the environment is registered.
    """

    robot: str = "panda"
    task: str = "servo"
    episodes: int = 20
    seed: int = 0
    env_config: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges and the names."""
        if self.episodes < 1:
            raise ConfigurationError(f"episodes must be at least 1, not {self.episodes}")
        if self.seed < 0:
            raise ConfigurationError(f"seed must not be negative, not {self.seed}")
        if self.seconds is not None and not _SHORTEST_S <= self.seconds <= _LONGEST_S:
            raise ConfigurationError(f"seconds must be between {_SHORTEST_S:g} and {_LONGEST_S:g}, not {self.seconds}")
        self.env_id  # noqa: B018 - raises for unknown names

    @property
    def env_id(self) -> str:
        """Id of the environment.

        Raises:
            ConfigurationError: If the robot or the task is unknown.
        """
        return environment_spec(self.robot, self.task).id

    def make_environment(self) -> gym.Env[Any, Any]:
        """The environment, with episodes of the study's length."""
        steps = None if self.seconds is None else round(self.seconds * CONTROL_HZ)
        return gym.make(
            environment_spec(self.robot, self.task),
            max_episode_steps=steps,
            disable_env_checker=True,
            **self.env_config,
        )

    @property
    def config(self) -> dict[str, Any]:
        """The settings that an episode depends on, with the hashes of files that they name."""
        return {
            "env": self.env_id,
            "robot": self.robot,
            "task": self.task,
            "seed": self.seed,
            "seconds": self.seconds,
            **self.env_config,
            "files": file_hashes({"robot": self.robot, **self.env_config}),
        }


def run_servo_study(
    study: ServoStudy,
    out: Path,
    command: str = "",
    videos: int = 0,
    on_episode: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Run a study, or resume an interrupted one.

    Every finished episode is written at once (``traces/seed_N.npz``); a run with the same ``out`` runs only the missing
    episodes. At the end ``servo.json`` and ``servo.png`` are written.

    Args:
        study: Environment and episodes.
        out: Folder of the results; made if missing.
        command: Command line to record.
        videos: Number of episodes, counted from the first, that a video is written of (``seed_N.mp4``).
        on_episode: Called with the metrics of every episode, including those of earlier runs.

    Returns:
        The content of ``servo.json`` (schema ``ctr_env/servo@1``).

    Raises:
        RunFolderError: If the folder holds a study with other settings.
    """
    env = study.make_environment()
    used = versions()
    try:
        settings = RunFolder(out, "servo", study.config | {"versions": used}).settings
    except RunFolderError:
        env.close()
        raise
    episodes, traces = [], []
    try:
        for i in range(study.episodes):
            trace = _episode(env, study.seed + i, out, with_video=i < videos)
            traces.append(trace)
            episodes.append(episode_metrics(trace))
            if on_episode is not None:
                on_episode(episodes[-1])
    finally:
        env.close()
    summary = summarise(episodes)
    result = {
        "schema": SCHEMA,
        "command": command,
        "config": {name: settings[name] for name in study.config} | {"episodes": study.episodes},
        "versions": used,
        "uncertainty": env.unwrapped.estimator.uncertainty_source,  # type: ignore[attr-defined]
        "episodes": episodes,
        "summary": summary,
    }
    write_json(out / "servo.json", result)
    title = f"{study.env_id}, estimator {study.env_config.get('estimator', 'ground_truth')}: {len(traces)} episodes"
    plot_servo(traces, out / "servo.png", title)
    return result


def video_path(out: Path, seed: int) -> Path:
    """File of an episode's video in a study's folder."""
    return out / f"seed_{seed:06d}.mp4"


def _episode(env: gym.Env[Any, Any], seed: int, out: Path, with_video: bool) -> Trace:
    path, video_file = out / "traces" / f"seed_{seed:06d}.npz", video_path(out, seed)
    if path.is_file() and (video_file.is_file() or not with_video):
        return Trace.load(path)
    if with_video:
        with open_video(video_file, CONTROL_HZ) as video:

            def add_frame(bare: ServoEnv, info: dict[str, Any]) -> None:
                video.add(annotate(bare, info))

            trace = run_episode(env, seed, add_frame)
    else:
        trace = run_episode(env, seed)
    trace.save(path)
    return trace
