"""Closing the loop at the gripper: the offset between its observed pose and its pose by encoders and estimate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import moved

from .base import ServoGoal

__all__ = ["ENDPOINTS", "EndpointCorrection"]

ENDPOINTS = ("open", "closed")
"""Whether the observed pose of the gripper is used."""


class EndpointCorrection:
    """Shifts goals by the averaged offset of the gripper's observed pose from its pose by encoders and estimate.

    A loop that uses only ``camera_T_base`` is endpoint-open-loop (S. Hutchinson, G. Hager, P. Corke, "A tutorial on
    visual servo control", IEEE Transactions on Robotics and Automation 12(5), 1996, section II.C): errors of that pose,
    of kinematics and of encoders remain at the gripper, unobserved. Their sum at the gripper, averaged over images, is
    subtracted from the goal; an arm that reaches the shifted goal by its encoders is observed at the goal.
    """

    def __init__(self, time_constant: float) -> None:
        """Begin without an offset.

        Args:
            time_constant: Time constant of the average, seconds.
        """
        self.time_constant = time_constant
        self.reset()

    def reset(self) -> None:
        """Forget the offset."""
        self._offset: NDArray[np.float64] = np.zeros(6)
        self._since = self._last_s = -math.inf

    def shifted(self, goal: ServoGoal) -> RigidTransform:
        """The shifted ``base_T_goal``, after the goal's own offset has been averaged in.

        The first offsets are averaged with equal weights, until they span the time constant.
        """
        if goal.gripper_offset is not None and goal.time_s > self._last_s:
            first = math.isinf(self._since)
            self._since = goal.time_s if first else self._since
            step = goal.time_s - self._last_s
            share = 1.0 if first else step / min(self.time_constant, goal.time_s - self._since + step)
            self._offset = self._offset + min(share, 1.0) * (goal.gripper_offset - self._offset)
            self._last_s = goal.time_s
        return moved(goal.base_T_goal, -self._offset)

    @property
    def offset(self) -> NDArray[np.float64]:
        """``(6,)`` averaged offset: :attr:`ServoGoal.gripper_offset` without its noise."""
        return self._offset.copy()
