"""The contract of control: a goal pose and the arm's state in, joint velocities within limits out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

__all__ = ["Controller", "Mode", "ServoCommand", "ServoGoal", "ServoState"]

Mode = Literal["servo", "coast", "hold", "stall"]
"""``servo``: moves as a fresh goal or command asks. ``coast``: servos on the last good goal. ``hold``: it
brakes, then stands still."""


@dataclass(frozen=True)
class ServoGoal:
    """Where the end effector should be, as one picture told it.

    A camera outside the arm knows the goal in its own frame; an estimate of its pose brings it to the base
    frame: ``base_T_goal = camera_T_base.inv() * camera_T_goal``.

    Attributes:
        base_T_goal: Goal pose of the end effector in the base frame.
        time_s: Time of the picture that it was made from, seconds.
        twist: ``(6,)`` velocity of the goal itself if it is known: of the goal's origin (m/s) and angular
            (rad/s), both in base axes.
        gripper_offset: ``(6,)`` where the same picture shows the gripper, less where encoders and estimate have it:
            translation (m) and rotation vector (rad) in base axes, that is
            ``twist_between(base_T_ee, camera_T_base.inv() * camera_T_ee)``; ``None`` where it does not show it.

    Raises:
        ValueError: If a value is not finite, or twist or offset is not ``(6,)``.
    """

    base_T_goal: RigidTransform
    time_s: float
    twist: NDArray[np.float64] | None = None
    gripper_offset: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Refuse what a controller could not act on."""
        if not np.isfinite(self.base_T_goal.as_matrix()).all():
            raise ValueError(f"ServoGoal.base_T_goal must be finite, not {self.base_T_goal.as_matrix()}")
        if not np.isfinite(self.time_s):
            raise ValueError(f"ServoGoal.time_s must be finite, not {self.time_s!r}")
        for name in ("twist", "gripper_offset"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, as_twist(getattr(self, name), f"ServoGoal.{name}"))


@dataclass(frozen=True)
class ServoState:
    """What a controller is told of the arm at one instant.

    Attributes:
        joint_positions: ``(n,)`` measured arm joint positions, rad. They may lie slightly beyond the joint
            stops.
        time_s: Time of the measurement, seconds.

    Raises:
        ValueError: If a value is not finite.
    """

    joint_positions: NDArray[np.float64]
    time_s: float

    def __post_init__(self) -> None:
        """Refuse measurements that are not numbers."""
        if not (np.isfinite(self.joint_positions).all() and np.isfinite(self.time_s)):
            raise ValueError(f"ServoState must be finite, not {self.joint_positions} at {self.time_s} s")


@dataclass(frozen=True)
class ServoCommand:
    """What the arm should do until the next step.

    Attributes:
        joint_velocities: ``(n,)`` rad/s: finite, and within the limits of position, velocity and
            acceleration.
        twist: ``(6,)`` end-effector twist asked of the joints, m/s and rad/s in base axes at the end
            effector's origin; zero while holding. The joints do less where a limit or a singular posture
            stops them.
        mode: What the controller is doing.
        reason: Why it does not servo, a short snake_case name such as ``"stale_goal"``; empty when it does.
    """

    joint_velocities: NDArray[np.float64]
    twist: NDArray[np.float64]
    mode: Mode
    reason: str = ""


class Controller(ABC):
    """Drives one arm's end effector to a goal, one command every :attr:`dt` seconds.

    Attributes:
        dt: Time between two commands, seconds.
    """

    dt: float

    @abstractmethod
    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""

    @abstractmethod
    def command(self, goal: ServoGoal | None, state: ServoState) -> ServoCommand:
        """Joint velocities for the next :attr:`dt` seconds.

        Args:
            goal: The newest goal; ``None`` when the newest estimate is not valid.
            state: The arm now.
        """


def as_twist(values: object, name: str) -> NDArray[np.float64]:
    """A ``(6,)`` float array of finite values.

    Raises:
        ValueError: If it is not one; the message calls it ``name``.
    """
    twist = np.array(values, dtype=float)
    if twist.shape != (6,) or not np.isfinite(twist).all():
        raise ValueError(f"{name} must be six finite numbers (m/s, then rad/s), not {values!r}")
    return twist
