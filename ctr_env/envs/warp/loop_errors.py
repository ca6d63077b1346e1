"""Errors of many loops by their pose estimates."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor

from ctr_env.estimators.batched.base import BatchedPoseEstimate
from ctr_env.geometry.batched import error_of_poses, inverse_poses, twists_between

__all__ = ["BatchedLoopErrors"]


class BatchedLoopErrors:
    """:class:`~ctr_env.envs.loop_errors.LoopErrors` for N worlds whose cameras and goals stand still.

    Attributes:
        known: ``(N,)`` bool, whether there has been a valid estimate; errors are zero until then.
        apparent_error: ``(N,)`` distances (m) and ``(N,)`` angles (rad) between goal and gripper by the estimates.
        estimate_error: The same between estimated and true ``camera_T_base``.
    """

    def __init__(self, camera_T_goal: Tensor, camera_T_base: Tensor, latency_s: float) -> None:
        """Begin without an estimate.

        Args:
            camera_T_goal: ``(N, 4, 4)`` goals in the frames of the cameras.
            camera_T_base: ``(N, 4, 4)`` true poses.
            latency_s: See :attr:`~ctr_env.estimators.batched.base.BatchedEstimator.latency_s`.
        """
        self._latency_s = latency_s
        self._camera_T_goal, self._camera_T_base = camera_T_goal, camera_T_base
        zeros = torch.zeros_like(camera_T_goal[:, 0, 0])
        self.known = zeros > 0.0
        self.apparent_error = self.estimate_error = (zeros, zeros)
        self._base_T_goal = torch.zeros_like(camera_T_goal) + torch.eye(4).to(camera_T_goal)
        self._past: deque[tuple[float, Tensor]] = deque()

    @property
    def apparent_twist(self) -> Tensor:
        """``(N, 6)`` goal minus gripper in base axes by the newest valid estimates, zeros before the first."""
        return twists_between(self._past[-1][1], self._base_T_goal) * self.known[:, None]

    def update(self, time_s: float, measured_base_T_ee: Tensor, estimate: BatchedPoseEstimate) -> None:
        """Record the gripper's ``(N, 4, 4)`` poses by the encoders at a new instant, and its estimates."""
        self._past.append((time_s, measured_base_T_ee))
        due = time_s - self._latency_s + 1e-9
        while len(self._past) > 1 and self._past[1][0] <= due:
            self._past.popleft()  # so that the first one is the frame that the estimate is made from
        valid, then = estimate.valid, self._past[0][1]
        self.known = self.known | valid
        base_T_goal = inverse_poses(estimate.camera_T_base) @ self._camera_T_goal
        self._base_T_goal = torch.where(valid[:, None, None], base_T_goal, self._base_T_goal)
        apparent = error_of_poses(then, base_T_goal)
        true = error_of_poses(estimate.camera_T_base, self._camera_T_base)
        self.apparent_error = _updated(valid, apparent, self.apparent_error)
        self.estimate_error = _updated(valid, true, self.estimate_error)


def _updated(valid: Tensor, new: tuple[Tensor, Tensor], old: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return torch.where(valid, new[0], old[0]), torch.where(valid, new[1], old[1])
