"""Limits of joint velocity for many arms at once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ctr_env.controllers.joint_limits import JointLimiter

__all__ = ["BatchedJointLimiter", "VelocityBounds"]

_FAR = 1e6  # rad, as in controllers/joint_limits.py


class VelocityBounds(NamedTuple):
    """``(N, n)`` lowest and highest joint velocities, rad/s."""

    low: Tensor
    high: Tensor

    def clamp(self, values: Tensor) -> Tensor:
        """The nearest allowed ``(N, n)`` velocities."""
        return torch.minimum(torch.maximum(values, self.low), self.high)


class BatchedJointLimiter:
    """:class:`~ctr_env.controllers.joint_limits.JointLimiter` for batches."""

    def __init__(self, limiter: JointLimiter, device: torch.device) -> None:
        """Copy the limits of an arm to a device."""
        limits = (limiter.lower, limiter.upper, limiter.velocity, limiter.acceleration)
        self._lower, self._upper, self._velocity, self._acceleration = (
            torch.from_numpy(value).to(device) for value in limits
        )

    def bounds(self, positions: Tensor, previous: Tensor, dt: float) -> VelocityBounds:
        """Velocities within all limits from which the joints can still brake before their stops.

        Args:
            positions: ``(N, n)`` float64, rad.
            previous: ``(N, n)`` velocities commanded last, rad/s.
            dt: Length of a step, seconds.
        """
        change = self._acceleration * dt
        slowest, fastest = previous - change, previous + change
        down = self._fastest_approach(positions - self._lower, dt)
        up = self._fastest_approach(self._upper - positions, dt)
        reachable = VelocityBounds(slowest, fastest)
        limits = VelocityBounds(-self._velocity, self._velocity)
        return VelocityBounds(limits.clamp(reachable.clamp(-down)), limits.clamp(reachable.clamp(up)))

    def _fastest_approach(self, distance: Tensor, dt: float) -> Tensor:
        """See :func:`~ctr_env.controllers.joint_limits.fastest_approach`."""
        s = distance.clamp(0.0, _FAR)
        loss = self._acceleration * dt
        k = torch.floor(0.5 * (torch.sqrt(1.0 + 8.0 * s / (loss * dt)) - 1.0))
        return s / ((k + 1.0) * dt) + 0.5 * k * loss
