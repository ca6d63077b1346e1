"""What an environment rewards, and what it calls a success."""

from __future__ import annotations

from typing import Protocol

from .reward import reward
from .success import SuccessMonitor

__all__ = ["Objective", "ServoObjective"]


class Objective(Protocol):
    """Reward and success of one episode, from the true errors of each instant."""

    def reward(self, position_error_m: float, rotation_error_rad: float) -> float:
        """The reward of a step."""

    def success(self, time_s: float, position_error_m: float, rotation_error_rad: float) -> bool:
        """Record the errors of a time (later than the last); whether this is a success."""


class ServoObjective:
    """The whole pose of the goal, held: :func:`~.reward.reward` and :class:`~.success.SuccessMonitor`."""

    def __init__(self) -> None:
        """Begin an episode."""
        self._monitor = SuccessMonitor()

    def reward(self, position_error_m: float, rotation_error_rad: float) -> float:
        """Minus the true position error, minus the weighted true rotation error."""
        return reward(position_error_m, rotation_error_rad)

    def success(self, time_s: float, position_error_m: float, rotation_error_rad: float) -> bool:
        """Whether both errors have stayed within tolerance for half a second."""
        return self._monitor.update(time_s, position_error_m, rotation_error_rad)
