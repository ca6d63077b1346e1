"""Settings of a servoing environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctr_env.controllers import Controller
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimator
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.rendering.registry import require_renderer
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["ACTION_MODES", "MOVING", "OBSERVATION_PARTS", "TASKS", "ServoConfig"]

TASKS = ("servo", "track")
ACTION_MODES = ("pbvs", "ee_twist", "joint_velocity")
OBSERVATION_PARTS = ("state", "estimate", "apparent", "image", "privileged")
MOVING = ("goal", "camera", "both")


@dataclass(frozen=True, kw_only=True)
class ServoConfig:
    """Keyword arguments of ``gymnasium.make("ctr_env/PandaServo-v0", ...)`` and of :class:`ServoEnv`.

    Raises:
        ConfigurationError: If a name is unknown or a value is out of its range.
    """

    robot: str | RobotDescription = "panda"
    """Robot, by name, by a file that describes it, or by description."""
    task: str = "servo"
    """``"servo"``: goal and camera stand still; ``"track"``: one of them moves."""
    moving: str = "goal"
    """What moves in ``"track"``: ``"goal"``, ``"camera"`` or ``"both"``."""
    obs_mode: str = "estimate"
    """Parts of the observation, joined by ``+``: ``"state"``, ``"estimate"``, ``"apparent"`` (error by the newest
    estimate), ``"image"``, ``"privileged"`` (truth for the critic alone)."""
    action_mode: str = "pbvs"
    """``"pbvs"``: the controller servos, the action is a residual twist (zero: none); ``"ee_twist"``: the action is the
    gripper's twist in base axes; ``"joint_velocity"``: the action is the arm's joint velocities."""
    estimator: str | PoseEstimator = "ground_truth"
    """Pose estimator, by name or as an object."""
    estimator_config: Mapping[str, Any] | None = None
    """Configuration of an estimator given by name: the fields that differ from its defaults."""
    controller: str | Controller = "pbvs"
    """Controller, by name or as an object."""
    controller_config: Mapping[str, Any] | None = None
    """Configuration of a controller given by name: the fields that differ from its defaults, such as those of
    :class:`ctr_env.controllers.PBVSConfig`."""
    randomization: str | Mapping[str, Any] = "none"
    """Preset or mapping, as :func:`ctr_env.scenes.randomization.randomization.make_randomization` accepts it."""
    renderer: str = "classic"
    """Renderer, by name."""
    width: int | None = None
    """Image width, pixels; ``None``: the width that the estimator is made for."""
    height: int | None = None
    """Image height, pixels; ``None``: the height that the estimator is made for."""
    max_linear_velocity: float = 0.25
    """Gripper speed of a full ``ee_twist`` or residual action, m/s."""
    max_angular_velocity: float = 1.0
    """Angular gripper speed of a full ``ee_twist`` or residual action, rad/s."""

    def __post_init__(self) -> None:
        """Check names and ranges."""
        require_choice("task", self.task, TASKS)
        require_choice("moving", self.moving, MOVING)
        require_choice("action_mode", self.action_mode, ACTION_MODES)
        require_renderer(self.renderer)
        for part in self.observation_parts:
            require_choice("obs_mode part", part, OBSERVATION_PARTS)
        if len(set(self.observation_parts)) != len(self.observation_parts):
            raise ConfigurationError(f"obs_mode names a part twice: {self.obs_mode!r}")
        for name in ("width", "height"):
            size = getattr(self, name)
            if size is not None and not 16 <= size <= 4096:
                raise ConfigurationError(f"{name} must be between 16 and 4096 pixels, not {size!r}")
        for name in ("max_linear_velocity", "max_angular_velocity"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} must be positive, not {getattr(self, name)!r}")

    @property
    def observation_parts(self) -> tuple[str, ...]:
        """Parts of :attr:`obs_mode`."""
        return tuple(self.obs_mode.split("+"))
