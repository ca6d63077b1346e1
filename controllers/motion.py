"""What is asked of the joints, and the error that says that they cannot do it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import ServoState
from .joint_limits import Bounds
from .law import ServoContext

__all__ = ["MotionRequest", "NoMotionError"]


class NoMotionError(Exception):
    """No joint velocities were found; the controller holds with :attr:`reason`."""

    def __init__(self, reason: str) -> None:
        """Set the reason, a short snake_case name such as ``"no_ik_solution"``."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class MotionRequest:
    """A motion that joint velocities are wanted for, see :meth:`ServoController.joint_velocities`.

    Attributes:
        twist: ``(6,)`` requested end-effector twist, m/s and rad/s in base axes: the law's, shaped.
        state: The arm now.
        previous: ``(n,)`` joint velocities commanded last, rad/s.
        period: Time that the velocities will act, seconds.
        reachable: :meth:`~ctr_env.controllers.JointLimiter.reachable` velocities for that time.
        damping: Least damping of the inverse kinematics, m/rad; positive while the arm is stalled.
        context: Poses of gripper and goal, the goal's twist and the estimate; ``None`` where a twist is commanded.
    """

    twist: NDArray[np.float64]
    state: ServoState
    previous: NDArray[np.float64]
    period: float
    reachable: Bounds
    damping: float = 0.0
    context: ServoContext | None = None
