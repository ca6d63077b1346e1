"""Rewards and successes of many worlds."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ctr_env.envs.reward import ROTATION_WEIGHT_M
from ctr_env.envs.success import HOLD_S, POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD

__all__ = ["BatchedObjective", "BatchedReachObjective", "BatchedServoObjective"]


class BatchedObjective(Protocol):
    """Rewards and successes of one episode of each world, from the ``(N,)`` true errors of each instant."""

    def reward(self, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """``(N,)`` rewards of a step."""

    def success(self, time_s: float, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """Record the errors of a time (later than the last); ``(N,)`` bool, whether this is a success."""


class BatchedServoObjective:
    """The whole pose of the goal, held, as :class:`~ctr_env.envs.objective.ServoObjective`."""

    def __init__(self) -> None:
        """Begin an episode."""
        self._since: Tensor | None = None

    def reward(self, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """Minus the true position errors, minus the weighted true rotation errors."""
        return -(position_error_m + ROTATION_WEIGHT_M * rotation_error_rad)

    def success(self, time_s: float, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """Whether both errors have stayed within tolerance for half a second."""
        inside = (position_error_m < POSITION_TOLERANCE_M) & (rotation_error_rad < ROTATION_TOLERANCE_RAD)
        last = torch.full_like(position_error_m, torch.inf) if self._since is None else self._since
        self._since = torch.where(inside, last.clamp(max=time_s), torch.inf)
        return time_s - self._since >= HOLD_S - 1e-6


class BatchedReachObjective:
    """The position of the goal alone, as :class:`~ctr_env.envs.reach.ReachObjective`."""

    def __init__(self, kind: str, tolerance_m: float) -> None:
        """Reward by one of :data:`~ctr_env.envs.reach.REWARDS`; errors below a tolerance (m) are a success."""
        self._sparse, self._tolerance_m = kind == "sparse", tolerance_m

    def reward(self, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """Minus the true position errors (m); sparse: 0 within the tolerance, else -1."""
        return -(position_error_m >= self._tolerance_m).double() if self._sparse else -position_error_m

    def success(self, time_s: float, position_error_m: Tensor, rotation_error_rad: Tensor) -> Tensor:
        """Whether the true position errors are below the tolerance now."""
        return position_error_m < self._tolerance_m
