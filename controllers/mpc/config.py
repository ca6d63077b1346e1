"""Settings of model predictive control."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_range

from ..servo_config import ServoControllerConfig

__all__ = ["MPCConfig"]


@dataclass(frozen=True, kw_only=True)
class MPCConfig(ServoControllerConfig):
    """Settings of :class:`~ctr_env.controllers.mpc.controller.MPCController`.

    The gains are the rates at which an error decays as long as no limit is active.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    gain_at_zero: float = 6.0
    """Gain of a vanishing error, 1/s."""
    gain_at_infinity: float = 6.0
    """Gain of a large error, 1/s; equal to ``gain_at_zero`` for a constant gain."""
    horizon_s: float = 0.8
    """Time that is predicted, s; at least that in which the joints brake from full speed."""
    nodes: int = 16
    """Number of commands in that time: the first acts for one period of the control loop, the others share the rest."""
    iterations: int = 4
    """Iterations of the solver per command, which starts from the last plan."""
    first_iterations: int = 6
    """Iterations of the first command after a reset or a hold."""
    acceleration_cost: float = 1e-3
    """Cost of squared joint accelerations, in squared end-effector speed: (m/s)² per (rad/s²)². More is smoother."""
    configuration_cost: float = 1e-2
    """Cost of squared joint positions that differ from the goal's joint configuration: (m/s)² per rad². It decides in
    the null space, and takes the arm from joint stops that the goal lies behind."""
    joint_speed_cost: float = 3e-3
    """Cost of squared joint velocities that differ from those of the goal's motion: (m/s)² per (rad/s)²."""
    tolerance: float = 0.01
    """Standard deviation of the goal (m; radians count ``rotation_length``) at which an error counts half."""
    least_weight: float = 0.1
    """Least weight of an error, however uncertain its direction is."""
    torque_share: float = 0.95
    """Share of the joints' torque limits that plans use beside gravity compensation."""
    keep_in_view: bool = True
    """Whether the gripper (origins of the end effector and of the last keypoint's link) is kept inside the image; needs
    goals with camera and estimate."""
    view_margin: float = 0.05
    """Distance kept from the image's edges, as a share of its width and height; less where the goal is nearer."""

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        require_range(self, 0.05, 10.0, "horizon_s")
        require_range(self, 2, 200, "nodes")
        require_range(self, 1, 1000, "iterations", "first_iterations")
        require_range(self, 1e-9, 1e3, "acceleration_cost", "configuration_cost", "joint_speed_cost", "tolerance")
        require_range(self, 1e-3, 1.0, "least_weight", "torque_share")
        require_range(self, 0.0, 0.4, "view_margin")
        for name in ("nodes", "iterations", "first_iterations"):
            if not isinstance(getattr(self, name), int):
                raise ConfigurationError(f"MPCConfig.{name} must be a whole number, not {getattr(self, name)!r}")
        if not isinstance(self.keep_in_view, bool):
            raise ConfigurationError(f"MPCConfig.keep_in_view must be true or false, not {self.keep_in_view!r}")
