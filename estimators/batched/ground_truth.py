"""The perfect estimator, for batches."""

from __future__ import annotations

import torch

from .base import BatchedEstimator, BatchedFrame, BatchedPoseEstimate

__all__ = ["BatchedGroundTruth"]


class BatchedGroundTruth(BatchedEstimator):
    """The true poses, with zero covariance."""

    def reset(self, seed: int) -> None:
        """Nothing to forget."""

    def estimate(self, frame: BatchedFrame) -> BatchedPoseEstimate:
        """The true poses of a frame."""
        poses = frame.camera_T_base
        valid = torch.ones(len(poses), dtype=torch.bool, device=poses.device)
        return BatchedPoseEstimate(poses, poses.new_zeros(len(poses), 6, 6), valid, frame.time_s)
