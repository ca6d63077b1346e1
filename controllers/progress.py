"""Whether the end effector follows the twist that is requested of it."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import twist_between

from .base import ServoState

__all__ = ["ProgressMonitor"]

_WINDOW_S = 1.5
"""Time over which progress is judged: several braking times, and several time constants of the slowest gain."""
_MIN_REQUEST = 0.0075
"""Requested displacement (weighted, m) within the window below which the end effector counts as at its goal."""
_COHERENT = 0.7
"""Least ratio of the requested displacement to the length of its path: noise and outliers request back and forth."""
_STALLED, _RELEASED = 0.1, 0.5
"""Achieved shares of the requested displacement at which a stall begins and ends."""

_SETTLED = 0.005
"""Achieved share below which a stalled arm counts as being at the nearest pose."""
_CHANGED = 0.2
"""Relative change of the requested twist that ends this."""
_UNFOLLOWED_RAD = 0.02
"""Difference (rad) between commanded and achieved joint displacement that counts as none."""


class _Instant(NamedTuple):
    state: ServoState
    base_T_ee: RigidTransform
    base_T_goal: RigidTransform | None
    requested: NDArray[np.float64]  # (6,) displacement requested since the monitor was reset, m and rad
    path: float  # length of the requested path since then, m
    commanded: NDArray[np.float64]  # (n,) joint displacement commanded since then, rad


class ProgressMonitor:
    """Compares requested with achieved displacements of the end effector over a sliding window.

    A stall begins when a displacement was requested persistently in one direction, less than a tenth of it was achieved
    and the task error has not fallen by that much either. It ends when half of the request is achieved, or when the
    request vanishes or changes its direction. Rotations are weighted by ``rotation_length``.

    Noise and outliers of the goal cause no stall, as they request no persistent direction; neither does a moving goal
    that is followed with a constant lag.

    Attributes:
        stalled: Whether the end effector is stalled now.
        blocked: Whether it is because the joints do not move as commanded, found when the stall began.
        settled: Whether it is stalled, has nearly come to rest, and the requested twist is still the same.
    """

    def __init__(self, rotation_length: float) -> None:
        """Weight a radian as ``rotation_length`` metres."""
        self._weights = np.repeat([1.0, rotation_length], 3)
        self.reset()

    def reset(self) -> None:
        """Forget the past: nothing is stalled."""
        self.stalled = self.blocked = self.settled = False
        self._requested = np.zeros(6)
        self._path = 0.0
        self._commanded: NDArray[np.float64] | float = 0.0
        self._past: deque[_Instant] = deque()

    def update(
        self,
        state: ServoState,
        base_T_ee: RigidTransform,
        base_T_goal: RigidTransform | None,
        twist: NDArray[np.float64],
        velocities: NDArray[np.float64],
        period: float,
    ) -> bool:
        """Record state and request of a time; whether the end effector is stalled.

        Args:
            state: The arm now.
            base_T_ee: Measured pose of the end effector.
            base_T_goal: Pose that it should have; ``None`` where only a twist is requested.
            twist: ``(6,)`` twist requested from now on, m/s and rad/s, base axes.
            velocities: ``(n,)`` joint velocities commanded until now, rad/s.
            period: Time between two updates, seconds.
        """
        if self._past and state.time_s <= self._past[-1].state.time_s:
            self.reset()
        self._commanded = self._commanded + period * velocities
        self._past.append(_Instant(state, base_T_ee, base_T_goal, self._requested, self._path, self._commanded))
        self._path += self.size(period * twist)
        self._requested = self._requested + period * twist
        while len(self._past) > 1 and self._spans(self._past[1]):
            self._past.popleft()
        if self._spans(self._past[0]):
            was, self.stalled = self.stalled, self._judge()
            self.blocked = self.stalled and (self.blocked if was else self._is_blocked())
            self.settled = self.stalled and self._is_settled(twist)
        return self.stalled

    def size(self, twist: NDArray[np.float64]) -> float:
        """Weighted norm of a ``(6,)`` twist (m/s) or displacement (m)."""
        weighted = self._weights * twist
        return math.sqrt(weighted.dot(weighted))

    def _spans(self, instant: _Instant) -> bool:
        return self._past[-1].state.time_s - instant.state.time_s >= _WINDOW_S - 1e-9

    def _judge(self) -> bool:
        first, last = self._past[0], self._past[-1]
        requested = self.size(last.requested - first.requested)
        if requested < max(_MIN_REQUEST, _COHERENT * (last.path - first.path)):
            return False
        if self.stalled:
            return self._share() < _RELEASED
        return self._share() < _STALLED and self._error(first) - self._error(last) < _STALLED * requested

    def _share(self) -> float:
        """Achieved displacement along the requested one, as a share of it."""
        first, last = self._past[0], self._past[-1]
        requested = self._weights * (last.requested - first.requested)
        achieved = self._weights * twist_between(first.base_T_ee, last.base_T_ee)
        return float(achieved @ requested) / float(requested @ requested)

    def _is_settled(self, twist: NDArray[np.float64]) -> bool:
        first, last = self._past[0], self._past[-1]
        mean = (last.requested - first.requested) / (last.state.time_s - first.state.time_s)
        return self._share() < _SETTLED and self.size(twist - mean) < _CHANGED * self.size(mean)

    def _is_blocked(self) -> bool:
        """Whether the joints have achieved less than half of the displacement that was commanded."""
        first, last = self._past[0], self._past[-1]
        commanded = last.commanded - first.commanded
        missing = commanded - (last.state.joint_positions - first.state.joint_positions)
        return bool(np.linalg.norm(missing) > _UNFOLLOWED_RAD + 0.5 * np.linalg.norm(commanded))

    def _error(self, instant: _Instant) -> float:
        if instant.base_T_goal is None:
            return 0.0
        return self.size(twist_between(instant.base_T_ee, instant.base_T_goal))
