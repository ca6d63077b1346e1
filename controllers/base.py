"""The contract of control: a goal pose and the arm's state in, joint velocities within limits out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, all_finite

__all__ = ["Controller", "Mode", "ServoCommand", "ServoGoal", "ServoState"]

Mode = Literal["servo", "coast", "hold", "stall"]
"""``servo``: moves towards a valid goal, or as commanded. ``coast``: servos on the last valid goal. ``hold``: brakes,
then stands still. ``stall``: the goal cannot be approached further, and the arm comes to rest at the nearest pose."""


@dataclass(frozen=True)
class ServoGoal:
    """Pose that the end effector should have, as one image determined it.

    A camera beside the arm observes the goal in its own frame; an estimate of the camera's pose transforms it to the
    base frame: ``base_T_goal = camera_T_base.inv() * camera_T_goal``.

    Attributes:
        base_T_goal: Goal pose of the end effector in the base frame.
        time_s: Time of the image that the goal was determined from, seconds.
        twist: ``(6,)`` velocity of the goal itself if it is known: of the goal's origin (m/s) and angular
            (rad/s), both in base axes.
        gripper_offset: ``(6,)`` pose of the gripper in the same image relative to its pose by encoders and estimate:
            translation (m) and rotation vector (rad) in base axes, that is
            ``twist_between(base_T_ee, camera_T_base.inv() * camera_T_ee)``; ``None`` where the gripper is not observed.
        camera_T_base: Estimate that the goal was transformed by; image-based laws need it.
        camera: Intrinsics as the controller believes them, which may differ from the true ones.
        covariance: ``(6, 6)`` covariance of ``camera_T_base``; see :attr:`ctr_env.estimators.PoseEstimate.covariance`.

    Raises:
        DataError: If a value is not finite or does not have its shape.
    """

    base_T_goal: RigidTransform
    time_s: float
    twist: NDArray[np.float64] | None = None
    gripper_offset: NDArray[np.float64] | None = None
    camera_T_base: RigidTransform | None = None
    camera: PinholeCamera | None = None
    covariance: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check that every value is finite and has its shape."""
        for name in ("base_T_goal", "camera_T_base"):
            pose = getattr(self, name)
            if pose is not None and not all_finite(pose.as_matrix()):
                raise DataError(f"ServoGoal.{name} must be finite, not {pose.as_matrix()}")
        if self.covariance is not None:
            covariance = np.array(self.covariance, dtype=float)
            if covariance.shape != (6, 6) or not all_finite(covariance):
                raise DataError(f"ServoGoal.covariance must be (6, 6) finite numbers, not {self.covariance!r}")
            object.__setattr__(self, "covariance", covariance)
        if not math.isfinite(self.time_s):
            raise DataError(f"ServoGoal.time_s must be finite, not {self.time_s!r}")
        for name in ("twist", "gripper_offset"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, as_twist(getattr(self, name), f"ServoGoal.{name}"))


@dataclass(frozen=True)
class ServoState:
    """Measured state of the arm at one instant.

    Attributes:
        joint_positions: ``(n,)`` measured arm joint positions, rad. They may lie slightly beyond the joint
            stops.
        time_s: Time of the measurement, seconds.

    Raises:
        DataError: If a value is not finite.
    """

    joint_positions: NDArray[np.float64]
    time_s: float

    def __post_init__(self) -> None:
        """Check that every value is finite."""
        if not (all_finite(np.asarray(self.joint_positions)) and math.isfinite(self.time_s)):
            raise DataError(f"ServoState must be finite, not {self.joint_positions} at {self.time_s} s")


@dataclass(frozen=True)
class ServoCommand:
    """Motion of the arm until the next command.

    Attributes:
        joint_velocities: ``(n,)`` rad/s: finite, and within the limits of position, velocity and
            acceleration.
        twist: ``(6,)`` end-effector twist requested from the joints, m/s and rad/s in base axes at the end
            effector's origin; zero while holding. The joints achieve less of it at a limit or in a singular
            configuration.
        mode: What the controller does.
        reason: Why it does not servo, a short snake_case name such as ``"stale_goal"``; empty in mode ``"servo"``.
    """

    joint_velocities: NDArray[np.float64]
    twist: NDArray[np.float64]
    mode: Mode
    reason: str = ""


class Controller(ABC):
    """Drives one arm's end effector to a goal, one command every :attr:`dt` seconds.

    Subclasses are made from the arm's kinematics, a configuration and ``dt`` (see
    :func:`~ctr_env.controllers.register_controller`). An environment calls one of the three command methods for each
    camera frame, by its action mode.

    Attributes:
        dt: Nominal time between two commands, seconds.
        config: The settings, a dataclass; ``None`` if there are none.
        needs_gripper: Whether goals must contain :attr:`ServoGoal.gripper_offset`, so that the estimator has to observe
            the gripper.
    """

    dt: float
    config: Any = None
    needs_gripper: bool = False

    @abstractmethod
    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""

    @abstractmethod
    def command(
        self, goal: ServoGoal | None, state: ServoState, residual_twist: ArrayLike | None = None
    ) -> ServoCommand:
        """Joint velocities towards a goal for the next :attr:`dt` seconds.

        Args:
            goal: The newest goal; ``None`` when the newest estimate is not valid.
            state: The arm now.
            residual_twist: ``(6,)`` m/s and rad/s in base axes, added to the controller's own twist.
        """

    @abstractmethod
    def twist_command(self, twist: ArrayLike, state: ServoState) -> ServoCommand:
        """Joint velocities of a ``(6,)`` end-effector twist, m/s and rad/s in base axes."""

    @abstractmethod
    def velocity_command(self, joint_velocities: ArrayLike, state: ServoState) -> ServoCommand:
        """The allowed ``(n,)`` joint velocities (rad/s) nearest to the requested ones."""


def as_twist(values: object, name: str) -> NDArray[np.float64]:
    """A ``(6,)`` float array of finite values.

    Raises:
        DataError: If it is not one; the message calls it ``name``.
    """
    twist = np.array(values, dtype=float)
    if twist.shape != (6,) or not all_finite(twist):
        raise DataError(f"{name} must be six finite numbers (m/s, then rad/s), not {values!r}")
    return twist
