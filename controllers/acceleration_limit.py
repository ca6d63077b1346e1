"""Joint accelerations and braking distances as inequalities of mink's inverse kinematics."""

from __future__ import annotations

import mink
import numpy as np
from mink.limits import Constraint
from numpy.typing import ArrayLike

from .joint_limits import JointLimiter

__all__ = ["AccelerationLimit"]


class AccelerationLimit(mink.Limit):
    """Bounds a joint displacement by the velocities that the joints can reach and brake from.

    The bounds are those of :meth:`JointLimiter.reachable` times dt. They imply mink's ``ConfigurationLimit`` and
    replace it: that limit ignores braking, so that the program has no solution when an acceleration limit is added.
    """

    def __init__(self, limiter: JointLimiter) -> None:
        """Limit the joints of a model whose degrees of freedom are those of ``limiter``, initially at rest."""
        self.limiter = limiter
        self.previous_velocities = np.zeros_like(limiter.velocity)

    def set_previous_velocities(self, velocities: ArrayLike) -> None:
        """Set the present ``(n,)`` joint velocities, rad/s."""
        self.previous_velocities = np.array(velocities, dtype=float)

    def compute_qp_inequalities(self, configuration: mink.Configuration, dt: float) -> Constraint:
        """``G (2n, n)`` and ``h (2n,)`` of ``G @ dq <= h``, dq being the displacement in ``dt`` seconds."""
        low, high = self.limiter.reachable(configuration.q, self.previous_velocities, dt)
        eye = np.eye(len(low))
        return Constraint(G=np.vstack([eye, -eye]), h=np.concatenate([high, -low]) * dt)
