"""The period of the control loop: the time that a command is held, as measured between the arm's states."""

from __future__ import annotations

__all__ = ["LoopClock"]

_JITTER = 1.25
"""Periods up to this multiple of the nominal one count as nominal: a real loop's timing scatters."""
_RECOVERY = 0.1
"""Share by which the planned period approaches a shorter measured one, per command."""
_TICK = 1e-9
"""Rounding (s) that is forgiven at the longest period."""


class LoopClock:
    """Plans the period of the next command from the times of the states so far.

    A velocity command acts until the next one replaces it. Limits that are kept over the nominal period are exceeded
    when the loop is slower, so that commands are planned for the measured period. A longer period is planned for at
    once, a shorter one is approached slowly: a loop with occasional slow steps is planned for those.

    Attributes:
        nominal: Period that the controller was made for, seconds.
        longest: Period beyond which the loop counts as too slow to servo, seconds.
        period: Period to plan the next command for, seconds; exactly :attr:`nominal` for a loop that keeps it.
        too_slow: Whether the newest measured period exceeds :attr:`longest`.
    """

    def __init__(self, nominal: float, longest: float) -> None:
        """Set both periods, seconds."""
        self.nominal = nominal
        self.longest = longest
        self.reset()

    def reset(self) -> None:
        """Forget the measured periods."""
        self.period = self.nominal
        self.too_slow = False
        self._last_s: float | None = None

    def tick(self, time_s: float) -> float:
        """Take in the time (s) of a new state; the period (s) to plan its command for.

        That is :attr:`period`, or the measured one where it is too long.
        """
        elapsed = self.nominal if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        self.too_slow = elapsed > self.longest + _TICK
        if self.too_slow:  # a pause says nothing of the loop's usual period
            return elapsed
        shorter = self.period + _RECOVERY * (elapsed - self.period)
        planned = max(elapsed, shorter)
        self.period = planned if planned > _JITTER * self.nominal else self.nominal
        return self.period
