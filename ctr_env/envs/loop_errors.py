"""Errors of the loop by its pose estimate: apparent error and estimate error."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import DataError
from ctr_env.geometry import inverse_matrix, matrix_error, matrix_twist, pose_from_matrix

from .observation import Snapshot

__all__ = ["LoopErrors"]

_KEPT = 300
"""Frames that are remembered: an estimate may be late by as many."""
_SAME_S = 0.02
"""Largest difference (s) between the times of an estimate and of its frame."""


class _Instant(NamedTuple):
    """Poses at the time of a frame, ``(4, 4)``, by which an estimate made from it is judged later."""

    time_s: float
    camera_T_goal: NDArray[np.float64]
    camera_T_base: NDArray[np.float64]
    base_T_ee: NDArray[np.float64]


class LoopErrors:
    """Errors by the newest valid estimate.

    A late estimate is judged at the instant of its image: by gripper, goal and true pose of that frame.

    Attributes:
        known: Whether there has been a valid estimate; errors are zero until then.
        base_T_goal: Goal in the base frame, by the estimate and the goal in the image that it was made from; ``None``
            until then.
        apparent_error: Distance (m) and angle (rad) between goal and gripper in the camera frame, the gripper by
            encoders and estimate. Papers usually report this one.
        estimate_error: Distance (m) and angle (rad) between estimated and true ``camera_T_base``.
    """

    def __init__(self, closed: bool) -> None:
        """Begin without an estimate.

        Args:
            closed: Whether the apparent error is that of the gripper as observed in the image, where it is.
        """
        self._closed = closed
        self.known = False
        self.base_T_goal: RigidTransform | None = None
        self.apparent_error = (0.0, 0.0)
        self.estimate_error = (0.0, 0.0)
        self._judged: tuple[RigidTransform, _Instant] | None = None
        self._base_T_ee = np.eye(4)
        self._camera_T_ee: RigidTransform | None = None
        self._past: deque[_Instant] = deque(maxlen=_KEPT)

    @property
    def gripper_offset(self) -> NDArray[np.float64] | None:
        """``(6,)`` see :attr:`ctr_env.controllers.ServoGoal.gripper_offset`; ``None`` if not observed."""
        return None if self._camera_T_ee is None else matrix_twist(self._base_T_ee, self._observed(self._camera_T_ee))

    @property
    def apparent_twist(self) -> NDArray[np.float64]:
        """``(6,)`` goal minus gripper in base axes: m, and the rotation vector from gripper to goal, rad.

        The goal is that of the newest valid estimate, the gripper that of the encoders now; zeros before the first
        valid estimate.
        """
        if not self.known:
            return np.zeros(6)
        return matrix_twist(self._past[-1].base_T_ee, self._base_T_goal)

    def update(self, now: Snapshot, measured_base_T_ee: NDArray[np.float64]) -> None:
        """Record a new instant and the gripper's ``(4, 4)`` pose by its encoders.

        Raises:
            DataError: If there was no frame at the time of the estimate.
        """
        self._past.append(_Instant(now.time_s, now.camera_T_goal_matrix, now.camera_T_base_matrix, measured_base_T_ee))
        estimate = now.estimate
        if not estimate.valid:
            return
        then = self._instant(estimate.time_s)
        self.known = True
        self._judge(estimate.camera_T_base, then)
        self._base_T_ee, self._camera_T_ee = then.base_T_ee, estimate.camera_T_ee
        gripper = then.base_T_ee
        if self._closed and estimate.camera_T_ee is not None:
            gripper = self._observed(estimate.camera_T_ee)
        self.apparent_error = matrix_error(gripper, self._base_T_goal)  # the same in any frame

    def _judge(self, estimated: RigidTransform, then: _Instant) -> None:
        """What follows from an estimate, camera and goal; the same as before where they are."""
        if self._judged is not None:
            last, instant = self._judged
            if (
                last is estimated
                and instant.camera_T_goal is then.camera_T_goal
                and instant.camera_T_base is then.camera_T_base
            ):
                return
        self._judged = estimated, then
        camera_T_base = estimated.as_matrix()
        self._base_T_camera = inverse_matrix(camera_T_base)
        self._base_T_goal = self._base_T_camera @ then.camera_T_goal
        self.base_T_goal = pose_from_matrix(self._base_T_goal)
        self.estimate_error = matrix_error(camera_T_base, then.camera_T_base)

    def _observed(self, camera_T_ee: RigidTransform) -> NDArray[np.float64]:
        """``(4, 4)`` pose of the gripper in the base frame, as an image shows it."""
        return self._base_T_camera @ camera_T_ee.as_matrix()

    def _instant(self, time_s: float) -> _Instant:
        """The frame of a time; most estimates are of the newest one.

        Raises:
            DataError: If there is none.
        """
        newest = self._past[-1]
        if newest.time_s == time_s:
            return newest
        then = min(self._past, key=lambda instant: abs(instant.time_s - time_s))
        if abs(then.time_s - time_s) > _SAME_S:
            raise DataError(
                f"PoseEstimate.time_s must be the time of one of the last {_KEPT} frames, not {time_s} s "
                f"(nearest: {then.time_s} s)"
            )
        return then
