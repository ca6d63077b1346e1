"""What a servoing study runs: an environment and episodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from ctr_env.envs.servo_env import CONTROL_HZ
from ctr_env.envs.spec import environment_spec
from ctr_env.errors import ConfigurationError
from ctr_env.runs.naming import file_hashes

__all__ = ["ServoStudy"]

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
        env: Gymnasium id of the environment, which then says robot and task; ``None``: that of robot and task.
    """

    robot: str = "panda"
    task: str = "servo"
    episodes: int = 20
    seed: int = 0
    env_config: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    env: str | None = None

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
        return self._spec.id

    @property
    def _spec(self) -> EnvSpec:
        return environment_spec(self.robot, self.task) if self.env is None else gym.spec(self.env)

    def make_environment(self) -> gym.Env[Any, Any]:
        """The environment, with episodes of the study's length."""
        steps = None if self.seconds is None else round(self.seconds * CONTROL_HZ)
        return gym.make(
            self._spec,
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
