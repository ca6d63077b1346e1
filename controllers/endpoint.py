"""Closing the loop at the gripper: what is wrong between where it is seen and where encoders have it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import moved

from .base import ServoGoal

__all__ = ["ENDPOINTS", "EndpointCorrection"]

ENDPOINTS = ("open", "closed")
"""Whether the picture of the gripper itself is used."""


class EndpointCorrection:
    """Shifts goals by the averaged offset of the gripper as it is seen from the gripper as it is believed.

    A loop that knows only ``camera_T_base`` is endpoint-open-loop (Hutchinson, Hager and Corke 1996, section II.C):
    errors of that pose, of kinematics and of encoders stay at the gripper, and nobody notices. Their sum at the
    gripper, averaged over pictures, is taken off the goal here; an arm that reaches the shifted goal by its encoders is
    seen at the goal.
    """

    def __init__(self, time_constant: float) -> None:
        """Begin without an offset.

        Args:
            time_constant: Of the average, seconds.
        """
        self.time_constant = time_constant
        self.reset()

    def reset(self) -> None:
        """Forget the offset."""
        self._offset: NDArray[np.float64] = np.zeros(6)
        self._since = self._last_s = -math.inf

    def shifted(self, goal: ServoGoal) -> RigidTransform:
        """``base_T_goal`` for encoders, after taking in the goal's own offset.

        The first offsets are averaged evenly, until they span the time constant.
        """
        if goal.gripper_offset is not None and goal.time_s > self._last_s:
            first = math.isinf(self._since)
            self._since = goal.time_s if first else self._since
            step = goal.time_s - self._last_s
            share = 1.0 if first else step / min(self.time_constant, goal.time_s - self._since + step)
            self._offset = self._offset + min(share, 1.0) * (goal.gripper_offset - self._offset)
            self._last_s = goal.time_s
        return moved(goal.base_T_goal, -self._offset)
