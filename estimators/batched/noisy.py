"""True poses with synthetic errors, for batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ctr_env.estimators.noisy import NoisyConfig
from ctr_env.geometry.batched import moved_poses
from ctr_env.runs.configuration import config_from_mapping

from .base import BatchedEstimator, BatchedFrame, BatchedPoseEstimate

__all__ = ["BatchedNoisyEstimator"]


class BatchedNoisyEstimator(BatchedEstimator):
    """:class:`~ctr_env.estimators.noisy.NoisyEstimator` for N worlds.

    The errors have the same distributions; their values differ, as they are drawn by torch on the device.
    """

    def __init__(self, device: torch.device, config: NoisyConfig | Mapping[str, Any] | None = None) -> None:
        """Configure the errors.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = config_from_mapping(NoisyConfig, config)
        self.latency_s = self.config.latency_s
        self._device = device
        self._generator = torch.Generator(device=device)
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Draw new biases with the next frame; discard drift and pending estimates."""
        self._generator.manual_seed(seed)
        self._bias: Tensor | None = None
        self._drift: Tensor | None = None
        self._started_s = self._newest_s = 0.0
        self._waiting: deque[tuple[float, BatchedPoseEstimate]] = deque()

    def estimate(self, frame: BatchedFrame) -> BatchedPoseEstimate:
        """The newest estimates that are old enough; not valid while there are none."""
        self._waiting.append((frame.time_s, self._with_errors(frame)))
        due = frame.time_s - self.config.latency_s + 1e-9
        if self._waiting[0][0] > due:
            return BatchedPoseEstimate.invalid(len(frame.camera_T_base), frame.time_s, self._device)
        while len(self._waiting) > 1 and self._waiting[1][0] <= due:
            self._waiting.popleft()
        return self._waiting[0][1]

    def _with_errors(self, frame: BatchedFrame) -> BatchedPoseEstimate:
        c, count = self.config, len(frame.camera_T_base)
        if self._bias is None or self._drift is None:
            self._bias = self._directed(count, c.bias_position_m, c.bias_rotation_rad)
            self._drift = torch.zeros_like(self._bias)
            self._started_s = self._newest_s = frame.time_s
        root = max(frame.time_s - self._newest_s, 0.0) ** 0.5
        self._drift = self._drift + root * self._normal(count, c.drift_position_m, c.drift_rotation_rad)
        self._newest_s = frame.time_s
        white = self._normal(count, c.white_position_m, c.white_rotation_rad)
        dropped = self._uniform(count) < c.dropout
        wild = self._uniform(count) < c.outlier
        far = self._directed(count, c.outlier_position_m, c.outlier_rotation_rad) * wild[:, None]
        poses = moved_poses(frame.camera_T_base, self._bias + white + self._drift + far)
        covariances = self._covariance(frame.time_s - self._started_s)
        none = BatchedPoseEstimate.invalid(count, frame.time_s, self._device)
        return BatchedPoseEstimate(
            torch.where(dropped[:, None, None], none.camera_T_base, poses),
            torch.where(dropped[:, None, None], none.covariance, covariances),
            ~dropped,
            frame.time_s,
        )

    def _covariance(self, elapsed_s: float) -> Tensor:
        """``(6, 6)`` of all errors but outliers."""
        c = self.config
        position = c.white_position_m**2 + elapsed_s * c.drift_position_m**2 + c.bias_position_m**2 / 3
        rotation = c.white_rotation_rad**2 + elapsed_s * c.drift_rotation_rad**2 + c.bias_rotation_rad**2 / 3
        return torch.diag(self._six(position, rotation))

    def _normal(self, count: int, position: float, rotation: float) -> Tensor:
        """``(count, 6)`` normally distributed twists."""
        drawn = torch.randn(count, 6, generator=self._generator, device=self._device, dtype=torch.float64)
        return self._six(position, rotation) * drawn

    def _directed(self, count: int, position: float, rotation: float) -> Tensor:
        """``(count, 6)`` twists of given sizes in random directions."""
        drawn = self._normal(count, 1.0, 1.0).view(count, 2, 3)
        unit = drawn / torch.linalg.vector_norm(drawn, dim=2, keepdim=True)
        return self._six(position, rotation) * unit.view(count, 6)

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self._generator, device=self._device, dtype=torch.float64)

    def _six(self, position: float, rotation: float) -> Tensor:
        return torch.tensor([position] * 3 + [rotation] * 3, dtype=torch.float64, device=self._device)
