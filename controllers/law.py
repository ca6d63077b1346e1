"""The contract of a control law: what is known at an instant in, end-effector twist out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, moved

__all__ = ["ServoContext", "ServoLaw"]


@dataclass(frozen=True, kw_only=True)
class ServoContext:
    """What a law knows: gripper and goal at one instant, and how the camera sees them.

    Attributes:
        base_T_ee: Pose of the end effector by the encoders.
        base_T_goal: Pose that it should have. With a closed endpoint it is shifted so that an end effector which
            reaches it *by the encoders* is observed at the goal.
        time_s: Time now, seconds.
        goal_twist: ``(6,)`` twist of the goal at its own origin, base axes.
        camera_T_base: Estimate that the goal was made with; ``None`` if the goal came without one.
        camera: Intrinsics as the controller believes them; ``None`` likewise.
        covariance: ``(6, 6)`` covariance of ``camera_T_base``; ``None`` likewise.
        gripper_offset: ``(6,)`` averaged offset of the observed gripper from ``base_T_ee``, by which the goal is
            shifted; ``None`` for an open endpoint.
        max_gain: Bound of the gain, 1/s, that avoids overshoot in a loop slower than it should be.
    """

    base_T_ee: RigidTransform
    base_T_goal: RigidTransform
    time_s: float
    goal_twist: NDArray[np.float64]
    camera_T_base: RigidTransform | None = None
    camera: PinholeCamera | None = None
    covariance: NDArray[np.float64] | None = None
    gripper_offset: NDArray[np.float64] | None = None
    max_gain: float = math.inf

    def camera_poses(self) -> tuple[RigidTransform, RigidTransform]:
        """``camera_T_ee`` and ``camera_T_goal``: where the image shows the gripper, and where it should be.

        Raises:
            DataError: If the goal came without ``camera_T_base``.
        """
        if self.camera_T_base is None:
            raise DataError("an image-based controller needs goals with ServoGoal.camera_T_base, which is None")
        ee, goal = self.base_T_ee, self.base_T_goal
        if self.gripper_offset is not None:
            ee, goal = moved(ee, self.gripper_offset), moved(goal, self.gripper_offset)
        return self.camera_T_base * ee, self.camera_T_base * goal


class ServoLaw(ABC):
    """Maps a context to the twist that reduces its error.

    Feed-forward of a moving goal, smooth start, speed limits, inverse kinematics and joint limits are
    :class:`~ctr_env.controllers.ServoController`'s, which asks the law for one twist per command.
    """

    def reset(self) -> None:  # noqa: B027 - most laws have no state
        """Forget everything."""

    @abstractmethod
    def twist(self, context: ServoContext) -> NDArray[np.float64]:
        """``(6,)`` twist (m/s, rad/s; base axes, at the end effector's origin) towards a goal at rest."""
