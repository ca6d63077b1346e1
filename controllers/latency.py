"""Late images: the joint configuration that an error belongs to."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .base import ServoState

__all__ = ["LATENCY", "LatencyCompensation"]

_TICK = 1e-9
"""Rounding (s) that is forgiven in comparisons of times."""
LATENCY = ("encoders", "predicted", "none")
"""What is assumed of the motion since an image was taken; see :class:`LatencyCompensation`."""


class _Instant(NamedTuple):
    time_s: float
    joint_positions: NDArray[np.float64]
    commanded: NDArray[np.float64]  # (n,) displacement commanded since the history began, rad


class LatencyCompensation:
    """The instant, and the joint configuration at it, that a goal is compared with.

    An image that was taken d steps ago shows goal and gripper of that instant. A loop that acts on that error
    (``"none"``) is stable only for ``gain * dt < 2 sin(pi / (2 (2 d + 1)))``. Both other rules remove the delay from
    the loop. ``"encoders"`` compares the goal with the gripper of now, which the encoders measure without delay.
    ``"predicted"`` is a Smith predictor (O. J. M. Smith, "Closer control of loops with dead time", Chemical
    Engineering Progress 53(5), 1957) whose model is a kinematic arm: the configuration measured at the image's instant
    plus the displacement commanded since. It needs no measurement of now, and is exact for an arm that moves as
    commanded.
    """

    def __init__(self, rule: str, span_s: float) -> None:
        """Set the rule, one of :data:`LATENCY`, and for how long the past is remembered, seconds."""
        self.rule = rule
        self.span_s = span_s
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._past: deque[_Instant] = deque()
        self._lag = 0.0

    def record(self, state: ServoState, velocities: NDArray[np.float64]) -> None:
        """Take in a state, and the ``(n,)`` joint velocities (rad/s) that were commanded until then."""
        commanded = np.zeros_like(velocities)
        if self.rule == "encoders" or (self._past and state.time_s <= self._past[-1].time_s):
            self.reset()  # only the newest state matters, or time has been set back
        if self._past:
            last = self._past[-1]
            commanded = last.commanded + (state.time_s - last.time_s) * velocities
        self._past.append(_Instant(state.time_s, state.joint_positions, commanded))
        while len(self._past) > 1 and self._past[1].time_s < state.time_s - self.span_s:
            self._past.popleft()

    def instant(self, goal_time_s: float, fresh: bool) -> float:
        """Time (s) for which goal and gripper are compared.

        Args:
            goal_time_s: Time of the goal's image.
            fresh: Whether the goal is valid now. While coasting, images are assumed to come with the last lag.
        """
        now = self._past[-1].time_s
        if self.rule != "none":
            return now
        if fresh:
            self._lag = max(now - goal_time_s, 0.0)
        return now - self._lag

    def configuration(self, goal_time_s: float, instant_s: float) -> NDArray[np.float64]:
        """``(n,)`` joint positions (rad) at :meth:`instant`; the oldest remembered ones for earlier times."""
        last = self._past[-1]
        if self.rule == "encoders":
            return last.joint_positions
        if self.rule == "none":
            return self._at(instant_s)[0]
        positions, commanded = self._at(goal_time_s)
        return positions + (last.commanded - commanded)

    def _at(self, time_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Measured positions and commanded displacement at a time, interpolated between two states."""
        after = self._past[-1]
        for before in reversed(self._past):
            if before.time_s <= time_s + _TICK:
                break
            after = before
        else:
            return after.joint_positions, after.commanded
        span = after.time_s - before.time_s
        share = 0.0 if span <= 0.0 else min(max((time_s - before.time_s) / span, 0.0), 1.0)
        positions = before.joint_positions + share * (after.joint_positions - before.joint_positions)
        return positions, before.commanded + share * (after.commanded - before.commanded)
