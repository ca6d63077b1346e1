"""What can be chosen when a servoing environment is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ctr_env.estimators import PoseEstimator
from ctr_env.scenes.rendering.registry import require_renderer
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["ACTION_MODES", "MOVING", "OBSERVATION_PARTS", "TASKS", "ServoConfig"]

TASKS = ("servo", "track")
ACTION_MODES = ("pbvs", "ee_twist", "joint_velocity")
OBSERVATION_PARTS = ("state", "estimate", "image")
MOVING = ("goal", "camera", "both")


@dataclass(frozen=True, kw_only=True)
class ServoConfig:
    """Keyword arguments of ``gymnasium.make("ctr_env/PandaServo-v0", ...)`` and its siblings."""

    robot: str | RobotDescription = "panda"
    """Robot, by name or by description."""
    task: str = "servo"
    """``"servo"``: goal and camera stand still; ``"track"``: one of them moves."""
    moving: str = "goal"
    """What moves in ``"track"``: ``"goal"``, ``"camera"`` or ``"both"``."""
    obs_mode: str = "estimate"
    """Parts of the observation, joined by ``+``: ``"state"``, ``"estimate"``, ``"image"``."""
    action_mode: str = "pbvs"
    """``"pbvs"``: the controller acts, the action is a residual twist (zero: none); ``"ee_twist"``: the action is the
    gripper's twist in base axes; ``"joint_velocity"``: the action is the arm's joint velocities."""
    estimator: str | PoseEstimator = "ground_truth"
    """Pose estimator, by name or as an object."""
    estimator_config: Mapping[str, Any] | None = None
    """Keyword configuration of a named estimator."""
    controller_config: Mapping[str, Any] | None = None
    """Fields of :class:`ctr_env.controllers.PBVSConfig` that differ from its defaults."""
    randomization: str | Mapping[str, Any] = "none"
    """Preset or mapping, as :func:`ctr_env.scenes.randomization.randomization.make_randomization` takes it."""
    renderer: str = "classic"
    """Renderer by name."""
    width: int | None = None
    """Image width, pixels; none: what the estimator is meant for."""
    height: int | None = None
    """Image height, pixels; none: what the estimator is meant for."""
    max_linear_velocity: float = 0.25
    """Gripper speed that a full ``ee_twist`` or residual action asks for, m/s."""
    max_angular_velocity: float = 1.0
    """The same for turning, rad/s."""

    def __post_init__(self) -> None:
        """Refuse unknown names and impossible sizes."""
        _one_of("task", self.task, TASKS)
        _one_of("moving", self.moving, MOVING)
        _one_of("action_mode", self.action_mode, ACTION_MODES)
        require_renderer(self.renderer)
        for part in self.observation_parts:
            _one_of("obs_mode part", part, OBSERVATION_PARTS)
        if len(set(self.observation_parts)) != len(self.observation_parts):
            raise ValueError(f"obs_mode names a part twice: {self.obs_mode!r}")
        for name in ("width", "height"):
            size = getattr(self, name)
            if size is not None and not 16 <= size <= 4096:
                raise ValueError(f"{name} must be between 16 and 4096 pixels, not {size!r}")
        for name in ("max_linear_velocity", "max_angular_velocity"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}")

    @classmethod
    def from_kwargs(cls, kwargs: Mapping[str, Any]) -> ServoConfig:
        """Configuration from keyword arguments.

        Raises:
            ValueError: If a name is unknown (the message lists the valid ones) or a value is not valid.
        """
        valid = [field.name for field in fields(cls)]
        for name in kwargs:
            _one_of("environment argument", name, tuple(valid))
        return cls(**kwargs)

    @property
    def observation_parts(self) -> tuple[str, ...]:
        """Parts of :attr:`obs_mode`."""
        return tuple(self.obs_mode.split("+"))


def _one_of(what: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f"unknown {what} {value!r}; valid names: {', '.join(valid)}")
