"""Kinematic causes of a stall, and the damping with which a stalled arm comes to rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .joint_limits import JointLimiter
from .position_ik import PositionIK

__all__ = ["StallDiagnosis", "residual_damping"]

_CURVATURE_M = 1.0
"""Bound of the second derivative of the forward kinematics (m/rad²): the length of an arm."""
_AT_STOP_RAD = 2e-3
_ITERATIONS = 30
_REACHED = 1e-3
"""Weighted error (m) at which a goal counts as reached by a joint configuration."""
_MOVED = 0.05
"""Weighted displacement (m) of a goal after which it is searched for again."""


def residual_damping(displacement: float) -> float:
    """Damping (m/rad) with which a Gauss-Newton step converges although the task cannot be achieved.

    At the boundary of the workspace the Jacobian loses the direction of the error, and its inverse changes sign between
    two steps: undamped steps overshoot for ever. A squared damping of the order of the residual bounds the neglected
    second-order term, whether there is a solution or not (T. Sugihara, "Solvability-unconcerned inverse kinematics by
    the Levenberg-Marquardt method", IEEE Transactions on Robotics 27(5), 2011).

    Args:
        displacement: Requested weighted displacement (m) of the step.
    """
    return float(np.sqrt(_CURVATURE_M * displacement))


class StallDiagnosis:
    """Names the kinematic cause of a stall.

    - ``"out_of_reach"``: no joint configuration within the limits reaches the goal (searched from several starts).
    - ``"at_limit"``: joints at their stops would have to go further; another configuration may reach the goal.
    - ``"singular"``: the joints cannot move the end effector along the error; another configuration may.
    """

    def __init__(self, kinematics: RobotKinematics, limiter: JointLimiter, rotation_length: float) -> None:
        """Diagnose an arm under its limits; a radian counts as ``rotation_length`` metres."""
        self._kinematics = kinematics
        self._limiter = limiter
        self._ik = PositionIK(kinematics, limiter, rotation_length)
        self._weights = np.repeat([1.0, rotation_length], 3)
        self._goal: RigidTransform | None = None
        self._reachable = True

    def reason(self, q: NDArray[np.float64], twist: NDArray[np.float64], base_T_goal: RigidTransform | None) -> str:
        """The cause.

        Args:
            q: ``(n,)`` joint positions, rad.
            twist: ``(6,)`` requested twist, base axes.
            base_T_goal: Pose that the end effector should have, if there is one.
        """
        if base_T_goal is not None and not self._search(q, base_T_goal):
            return "out_of_reach"
        J = self._weights[:, None] * self._kinematics.jacobian(q)
        descent = J.T @ (self._weights * twist)  # joint motion that reduces the error fastest
        up, down = q > self._limiter.upper - _AT_STOP_RAD, q < self._limiter.lower + _AT_STOP_RAD
        blocked = (up & (descent > 0.0)) | (down & (descent < 0.0))
        return "at_limit" if blocked.any() else "singular"

    def _search(self, q: NDArray[np.float64], goal: RigidTransform) -> bool:
        """Whether some joint configuration reaches a goal; remembered until the goal has moved."""
        if self._goal is None or self._size(twist_between(self._goal, goal)) > _MOVED:
            self._goal = goal
            _, self._reachable = self._ik.search((q,), goal, _ITERATIONS, _REACHED)
        return self._reachable

    def _size(self, twist: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(self._weights * twist))
