"""The goal's own motion: its twist, given or estimated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.geometry import twist_between
from ctr_env.runs.configuration import require_choice

from .base import ServoGoal

__all__ = ["FEED_FORWARD", "GoalMotion", "rigid_twist"]

FEED_FORWARD = ("off", "given", "estimate")
"""Rules of :class:`GoalMotion`."""


class GoalMotion:
    """Twist of a goal that may move.

    - ``"off"``: every goal is assumed to rest.
    - ``"given"``: :attr:`ServoGoal.twist` where there is one, else the goal is assumed to rest.
    - ``"estimate"``: where none is given, differences of successive goal poses through a first-order low-pass
      filter. It turns the noise of the estimates into velocity, so that it suits only goals that are known to move.
    """

    def __init__(self, rule: str = "given", time_constant: float = 0.2) -> None:
        """Set the rule.

        Args:
            rule: One of :data:`FEED_FORWARD`.
            time_constant: Time constant of the low-pass filter, seconds.

        Raises:
            ConfigurationError: If the rule is unknown or the time constant is not positive.
        """
        require_choice("feed-forward rule", rule, FEED_FORWARD)
        if not 0.0 < time_constant < np.inf:
            raise ConfigurationError(f"the feed-forward time constant must be positive seconds, not {time_constant!r}")
        self.rule = rule
        self.time_constant = time_constant
        self.reset()

    def reset(self) -> None:
        """Forget the goals so far."""
        self._last: ServoGoal | None = None
        self._filtered = np.zeros(6)

    def twist(self, goal: ServoGoal) -> NDArray[np.float64]:
        """``(6,)`` twist of the goal, base axes at its origin; goals come in order of time, with repeats."""
        if self.rule == "off":
            return np.zeros(6)
        if goal.twist is not None:
            return goal.twist
        return self._estimate(goal) if self.rule == "estimate" else np.zeros(6)

    def _estimate(self, goal: ServoGoal) -> NDArray[np.float64]:
        if self._last is None:
            self._last = goal
        elapsed = goal.time_s - self._last.time_s
        if elapsed > 0.0:
            measured = twist_between(self._last.base_T_goal, goal.base_T_goal, elapsed)
            self._filtered += (1.0 - math.exp(-elapsed / self.time_constant)) * (measured - self._filtered)
            self._last = goal
        return self._filtered.copy()


def rigid_twist(
    twist: NDArray[np.float64], origin: NDArray[np.float64], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(6,)`` twist at ``point`` of a rigid body that has ``twist`` at ``origin``, all in the same axes."""
    (wx, wy, wz), (x, y, z) = twist[3:].tolist(), (point - origin).tolist()
    moved = twist.copy()
    moved[:3] += (wy * z - wz * y, wz * x - wx * z, wx * y - wy * x)
    return moved
