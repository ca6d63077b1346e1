"""The contract of batched pose estimation: frames of N worlds in, N poses with their covariances out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["BatchedEstimator", "BatchedFrame", "BatchedPoseEstimate"]


@dataclass(frozen=True)
class BatchedFrame:
    """One frame of each of N worlds, all taken at the same time.

    Attributes:
        time_s: That time, seconds.
        joint_positions: ``(N, n)`` float64 as measured, rad.
        intrinsics: ``(N, 4)`` float64 fx, fy, cx, cy, pixels.
        camera_T_base: ``(N, 4, 4)`` float64 true poses, for estimators that need them.
        images: Makes the ``(N, H, W, 3)`` uint8 images; called only by estimators that need them.
    """

    time_s: float
    joint_positions: Tensor
    intrinsics: Tensor
    camera_T_base: Tensor
    images: Callable[[], Tensor]


@dataclass(frozen=True)
class BatchedPoseEstimate:
    """Estimates for N worlds; see :class:`~ctr_env.estimators.PoseEstimate`.

    Attributes:
        camera_T_base: ``(N, 4, 4)`` float64; finite also where not valid.
        covariance: ``(N, 6, 6)`` float64 of the error twists.
        valid: ``(N,)`` bool.
        time_s: Time of the frames that they were made from, seconds.
    """

    camera_T_base: Tensor
    covariance: Tensor
    valid: Tensor
    time_s: float

    @classmethod
    def invalid(cls, count: int, time_s: float, device: torch.device) -> BatchedPoseEstimate:
        """Estimates without poses: identity, unit covariance."""
        poses, covariances = (torch.eye(n, dtype=torch.float64, device=device).repeat(count, 1, 1) for n in (4, 6))
        return cls(poses, covariances, torch.zeros(count, dtype=torch.bool, device=device), time_s)


class BatchedEstimator(ABC):
    """Estimates ``camera_T_base`` in N worlds of one robot, frame by frame in order of time."""

    latency_s: float = 0.0
    """Age of the frames that estimates are made from, seconds: always the newest that is as old; until there is one,
    estimates are not valid."""

    @abstractmethod
    def reset(self, seed: int) -> None:
        """Start new sequences of frames in all worlds, with fresh randomness."""

    @abstractmethod
    def estimate(self, frame: BatchedFrame) -> BatchedPoseEstimate:
        """Poses from the newest frame."""
