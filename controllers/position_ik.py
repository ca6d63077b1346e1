"""Inverse kinematics of positions: joint positions of a pose, within the stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .joint_limits import JointLimiter

__all__ = ["PositionIK"]

_STARTS = 8
"""Joint configurations that a search begins from."""
_DAMPING = 1e-3
"""Least damping, m/rad."""


class PositionIK:
    """Levenberg-Marquardt steps whose squared damping is half the squared error, within the stops.

    They converge whether there is a solution or not (T. Sugihara, "Solvability-unconcerned inverse kinematics by the
    Levenberg-Marquardt method", IEEE Transactions on Robotics 27(5), 2011).
    """

    def __init__(self, kinematics: RobotKinematics, limiter: JointLimiter, rotation_length: float) -> None:
        """Set up for an arm and its stops; a radian counts as ``rotation_length`` metres."""
        self._kinematics = kinematics
        self._limiter = limiter
        self._weights = np.repeat([1.0, rotation_length], 3)

    def error(self, q: NDArray[np.float64], goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` weighted twist (m) from the pose of ``(n,)`` joint positions to a goal, base axes."""
        return np.asarray(self._weights * twist_between(self._kinematics.base_T_ee(q), goal))

    def step(self, q: NDArray[np.float64], goal: RigidTransform, home_share: float = 0.0) -> NDArray[np.float64]:
        """``(n,)`` joint positions (rad) nearer to a goal than given ones.

        Args:
            q: ``(n,)`` joint positions, rad.
            goal: Pose of the end effector, base frame.
            home_share: Share of the distance from the home joint configuration that the null space covers.
        """
        error = self.error(q, goal)
        J = self._weights[:, None] * self._kinematics.jacobian(q)
        squared = 0.5 * float(error @ error) + _DAMPING**2
        home = home_share * (self._kinematics.home - q)
        at_lower, at_upper = q <= self._limiter.lower, q >= self._limiter.upper
        while True:
            inverse = J.T @ np.linalg.inv(J @ J.T + squared * np.eye(6))
            step = inverse @ (error - J @ home) + home
            blocked = (at_lower & (step < 0.0)) | (at_upper & (step > 0.0))
            if not blocked.any():
                return np.clip(q + step, self._limiter.lower, self._limiter.upper)
            J, home = np.where(blocked, 0.0, J), np.where(blocked, 0.0, home)  # the other joints do without these

    def search(
        self, starts: Sequence[NDArray[np.float64]], goal: RigidTransform, iterations: int, tolerance: float
    ) -> tuple[NDArray[np.float64], bool]:
        """As :meth:`solve`, from the given starts in turn and then from random ones, always the same.

        Returns:
            The first joint positions found whose error is below the tolerance, and ``True``; if there are none, those
            found from the first start, and ``False``.
        """
        rng = np.random.default_rng(0)
        low, high = np.maximum(self._limiter.lower, -np.pi), np.minimum(self._limiter.upper, np.pi)
        more = rng.uniform(low, high, (_STARTS - len(starts), len(low)))
        nearest: NDArray[np.float64] | None = None
        for start in (*starts, *more):
            q, found = self.solve(start, goal, iterations, tolerance)
            if found:
                return q, True
            nearest = q if nearest is None else nearest
        assert nearest is not None
        return nearest, False

    def solve(
        self, start: NDArray[np.float64], goal: RigidTransform, iterations: int, tolerance: float
    ) -> tuple[NDArray[np.float64], bool]:
        """Joint positions of a goal pose, and whether their weighted error is below ``tolerance`` metres."""
        q = start
        for _ in range(iterations):
            if np.linalg.norm(self.error(q, goal)) < tolerance:
                return q, True
            q = self.step(q, goal)
        return q, bool(np.linalg.norm(self.error(q, goal)) < tolerance)
