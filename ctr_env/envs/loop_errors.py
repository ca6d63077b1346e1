"""What the loop believes of itself: apparent error, and the estimate's own."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import pose_error, twist_between

from .observation import Snapshot

__all__ = ["LoopErrors"]

_KEPT = 300  # frames that an estimate may be late by
_SAME_S = 0.02  # an estimate's time may be this far off its frame's, seconds


class _Instant(NamedTuple):
    """What is needed to judge an estimate that is made from a frame later on."""

    time_s: float
    camera_T_goal: RigidTransform
    camera_T_base: RigidTransform
    base_T_ee: RigidTransform


class LoopErrors:
    """Errors that hang on the pose estimate, kept from the newest valid one.

    A late estimate is judged by the instant that it was made from: the gripper, the goal and the truth of that frame.

    Attributes:
        known: Whether there has been a valid estimate yet; errors are zero until then.
        apparent_error: Distance (m) and angle (rad) between the goal in the camera frame and where encoders and
        estimate
            put the gripper there. Papers usually quote this one.
        base_T_goal: The goal in the base frame, from an estimate and the goal as seen in the very frame that it was
        made
            from.
        gripper_offset: ``(6,)`` see :attr:`ctr_env.controllers.ServoGoal.gripper_offset`; ``None`` if not seen.
        estimate_error: Distance (m) and angle (rad) between estimated and true ``camera_T_base``.
    """

    def __init__(self, closed: bool) -> None:
        """Start without any belief.

        Args:
            closed: Whether the gripper counts as where it is seen, if it is, and not as where encoders put it.
        """
        self._closed = closed
        self.known = False
        self.apparent_error = (0.0, 0.0)
        self.estimate_error = (0.0, 0.0)
        self.base_T_goal: RigidTransform | None = None
        self.gripper_offset: NDArray[np.float64] | None = None
        self._past: deque[_Instant] = deque(maxlen=_KEPT)

    def update(self, now: Snapshot, measured_base_T_ee: RigidTransform) -> None:
        """Take a new instant and the gripper's pose by its encoders.

        Raises:
            ValueError: If the estimate says that it was made from a frame of a time that there was none at.
        """
        self._past.append(_Instant(now.time_s, now.camera_T_goal, now.camera_T_base, measured_base_T_ee))
        estimate = now.estimate
        if not estimate.valid:
            return
        then = min(self._past, key=lambda instant: abs(instant.time_s - estimate.time_s))
        if abs(then.time_s - estimate.time_s) > _SAME_S:
            raise ValueError(
                f"PoseEstimate.time_s must be the time of one of the last {_KEPT} frames, not {estimate.time_s} s "
                f"(nearest: {then.time_s} s)"
            )
        self.known = True
        self.base_T_goal = estimate.camera_T_base.inv() * then.camera_T_goal
        gripper = then.base_T_ee
        if estimate.camera_T_ee is None:
            self.gripper_offset = None
        else:
            seen = estimate.camera_T_base.inv() * estimate.camera_T_ee
            self.gripper_offset = twist_between(gripper, seen)
            gripper = seen if self._closed else gripper
        self.apparent_error = pose_error(gripper, self.base_T_goal)  # the same in any frame
        self.estimate_error = pose_error(estimate.camera_T_base, then.camera_T_base)
