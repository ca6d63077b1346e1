"""The joint configuration of a goal: what a redundant arm should look like when it has arrived."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.scenes.robots.kinematics import RobotKinematics

from ..joint_limits import JointLimiter
from ..position_ik import PositionIK
from .config import MPCConfig

__all__ = ["GoalConfiguration"]

_FIRST_STEPS, _STEPS = 40, 2
"""Steps of inverse kinematics for a new goal, and for one that has been followed before."""
_REACHED = 1e-3
"""Weighted error (m) at which a joint configuration counts as one of the goal."""
_LOST = 0.05
"""Weighted error (m) before the steps above which a goal counts as new."""


class GoalConfiguration:
    """Joint positions of a goal pose within the stops, near the present ones.

    A goal that moves is followed from its last configuration, and the null space approaches home meanwhile. One that
    cannot be reached from the present configuration is tried from others; where none reaches it, the pose
    found first counts.
    """

    def __init__(self, kinematics: RobotKinematics, limiter: JointLimiter, config: MPCConfig) -> None:
        """Search for an arm under its limits."""
        self._kinematics = kinematics
        self._ik = PositionIK(kinematics, limiter, config.rotation_length)
        self._home_rate = config.home_rate
        self._last: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Forget the last goal."""
        self._last = None

    def update(self, base_T_goal: RigidTransform, q: NDArray[np.float64], period: float) -> NDArray[np.float64]:
        """``(n,)`` joint positions of a goal, rad.

        Args:
            base_T_goal: Goal of the end effector.
            q: ``(n,)`` present joint positions, where the search for a new goal begins, rad.
            period: Time since the last update, seconds.
        """
        if self._last is None or np.linalg.norm(self._ik.error(self._last, base_T_goal)) > _LOST:
            starts = (q, self._kinematics.home)
            self._last, _ = self._ik.search(starts, base_T_goal, _FIRST_STEPS, _REACHED)
        share = min(1.0, self._home_rate * period) / _STEPS
        for _ in range(_STEPS):
            self._last = self._ik.step(self._last, base_T_goal, share)
        return self._last
