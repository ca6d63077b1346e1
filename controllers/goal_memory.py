"""The rule for missing and stale goals: coast on the last valid one for a while, then hold."""

from __future__ import annotations

from typing import NamedTuple

from .base import Mode, ServoGoal

__all__ = ["GoalChoice", "GoalMemory"]


_TICK = 1e-9
"""Tolerance (s) of the comparison, so that a limit that is a multiple of the time step is kept."""


class GoalChoice(NamedTuple):
    """The decision of :class:`GoalMemory`."""

    goal: ServoGoal | None
    """Goal to servo on; ``None`` exactly when the mode is ``"hold"``."""
    mode: Mode
    reason: str
    """``"no_goal"`` or ``"stale_goal"``; empty when the newest goal is valid."""


class GoalMemory:
    """Remembers the last valid goal.

    A goal is valid if its image is at most ``max_age_s`` old. Without one the last valid goal is used for ``coast_s``
    seconds after the step in which it was last valid (``"coast"``), and then none (``"hold"``). For a camera that does
    not move, a goal in the base frame remains correct meanwhile.
    """

    def __init__(self, max_age_s: float, coast_s: float) -> None:
        """Set the two times, seconds."""
        self.max_age_s = max_age_s
        self.coast_s = coast_s
        self.reset()

    def reset(self) -> None:
        """Forget the last valid goal."""
        self._goal: ServoGoal | None = None
        self._good_at_s = 0.0

    def choose(self, goal: ServoGoal | None, time_s: float) -> GoalChoice:
        """The goal to act on at ``time_s``, given the newest one."""
        if goal is not None and time_s - goal.time_s <= self.max_age_s + _TICK:
            self._goal, self._good_at_s = goal, time_s
            return GoalChoice(goal, "servo", "")
        reason = "no_goal" if goal is None else "stale_goal"
        if self._goal is not None and time_s - self._good_at_s <= self.coast_s + _TICK:
            return GoalChoice(self._goal, "coast", reason)
        self._goal = None
        return GoalChoice(None, "hold", reason)
