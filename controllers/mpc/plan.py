"""A predicted motion, and its continuation at a later time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..joint_limits import JointLimiter

__all__ = ["Plan", "rollout", "time_grid"]


@dataclass(frozen=True)
class Plan:
    """A motion of joints that change their velocity at N instants.

    Attributes:
        times_s: ``(N + 1,)`` instants, seconds; the first is that of the state it was made from.
        positions: ``(N + 1, n)`` rad.
        velocities: ``(N + 1, n)`` rad/s; the one of node k + 1 acts from instant k to k + 1, as a command does.
        accelerations: ``(N, n)`` rad/s², changes of velocity by the time to the next instant.
        cost: Value of the objective.
    """

    times_s: NDArray[np.float64]
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    accelerations: NDArray[np.float64]
    cost: float = 0.0

    @property
    def command(self) -> NDArray[np.float64]:
        """``(n,)`` joint velocities of the first interval, rad/s."""
        return self.velocities[1].copy()

    def continued(
        self, times_s: NDArray[np.float64], q: NDArray[np.float64], v: NDArray[np.float64], limiter: JointLimiter
    ) -> NDArray[np.float64]:
        """Accelerations that continue this plan from a later state.

        Args:
            times_s: ``(N + 1,)`` new instants, seconds. Beyond its end the plan's last velocities are kept.
            q: ``(n,)`` present joint positions, rad.
            v: ``(n,)`` present joint velocities, rad/s.
            limiter: Limits, which the continuation obeys whatever the plan does.

        Returns:
            ``(N, n)`` rad/s².
        """
        planned = np.column_stack([np.interp(times_s[1:], self.times_s, of_joint) for of_joint in self.velocities.T])
        steps, accelerations = np.diff(times_s), np.empty_like(planned)
        for k, (step, wanted) in enumerate(zip(steps, planned, strict=True)):
            allowed = limiter.clamp(wanted, q, v, step)
            accelerations[k] = (allowed - v) / step
            q, v = q + allowed * step, allowed
        return accelerations


def time_grid(time_s: float, period: float, horizon_s: float, nodes: int) -> NDArray[np.float64]:
    """``(nodes + 1,)`` instants from ``time_s`` on: the first step is ``period``, the others share the rest evenly.

    They are not shorter than the first, so that a slow loop looks ahead further than ``horizon_s``.
    """
    spacing = max((horizon_s - period) / (nodes - 1), period)
    return time_s + np.concatenate([[0.0], period + spacing * np.arange(nodes)])


def rollout(
    q: NDArray[np.float64], v: NDArray[np.float64], accelerations: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(N + 1, 2 n)`` positions and velocities that ``(N, n)`` accelerations lead to in ``(N,)`` steps (s)."""
    velocities = np.vstack([v, v + np.cumsum(accelerations * steps[:, None], axis=0)])
    positions = np.vstack([q, q + np.cumsum(velocities[1:] * steps[:, None], axis=0)])
    return np.hstack([positions, velocities])
