"""Keypoints of crops of many images, by the network on one device."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ctr_env.errors import DataError
from ctr_env.estimators.ctrnet.detector import LOG_SCALES
from ctr_env.estimators.ctrnet.engine import Engine, device_engine
from ctr_env.estimators.ctrnet.points import LinkPoint
from ctr_env.estimators.ctrnet.weights import load_network
from ctr_env.scenes.robots.description import RobotDescription

from .crops import Crops
from .pose_prior import draw_pose_priors

__all__ = ["BatchedDetections", "BatchedDetector"]

_TOGETHER = 64
"""Images that go through the network at once: enough to keep a GPU busy, few enough for its memory."""


class BatchedDetections(NamedTuple):
    """Keypoints in N images, float64."""

    pixels: Tensor
    """``(N, K, 2)`` continuous image pixels."""
    confidence: Tensor
    """``(N, K)`` in [0, 1]."""
    variance: Tensor
    """``(N, K)`` predicted variances of each pixel coordinate, px²."""


class BatchedDetector:
    """A network with its weights; see :class:`~ctr_env.estimators.ctrnet.detector.Detector`.

    Attributes:
        points: The K keypoints that it detects.
        input_size: Width and height of its full input, pixels.
        uncertainty: Uncertainty model of these weights.
    """

    def __init__(self, file: Path, robot: RobotDescription, device: torch.device, exact: bool) -> None:
        """Load a weights file.

        Args:
            file: The weights file.
            robot: The robot in the images.
            device: Where the network runs.
            exact: Whether a CPU computes in float32 in any case.

        Raises:
            MissingFileError: If there is no such file.
            DataError: If it is not a weights file, or belongs to another robot.
        """
        self._network, header = load_network(file)
        if header.robot != robot.network_robot:
            raise DataError(f"{file} holds weights for robot {header.robot!r}, not {robot.network_robot!r}")
        self.points = tuple(LinkPoint(*entry) for entry in header.keypoints)
        self.input_size, self.uncertainty = header.input_size, header.uncertainty
        self._chain, self._device, self._exact = len(robot.keypoint_frames), device, exact
        self._mean, self._scale = (
            255.0 * torch.tensor(part, device=device)[:, None, None] for part in (header.mean, header.std)
        )
        self._engines: dict[tuple[int, int], Engine] = {}

    @torch.inference_mode()
    def detect(self, images: Tensor, crops: Crops, priors_px: Tensor | None) -> BatchedDetections:
        """Apply the network to one crop of each of N images.

        Args:
            images: ``(N, H, W, 3)`` uint8 RGB.
            crops: The crop of each.
            priors_px: ``(N, K, 2)`` image pixels of the keypoints at the prior poses, NaN for those without; ``None``:
                no image has one.
        """
        parts = []
        for start in range(0, len(images), _TOGETHER):
            rows = slice(start, start + _TOGETHER)
            part = crops.rows(rows)
            inputs = (part.sample(images[rows]) - self._mean) / self._scale
            if priors_px is None:
                priors = torch.zeros_like(inputs)
            else:
                priors = draw_pose_priors(part.forward(priors_px[rows]), self._chain, crops.size)
            output = self._engine(crops.size)(inputs, priors)
            parts.append((output.keypoints_px.double(), output.confidence_logits.double(), output.log_scale.double()))
        keypoints, logits, log_scale = (torch.cat(part) for part in zip(*parts, strict=True))
        variance = 2.0 * torch.exp(2.0 * log_scale.clamp(*LOG_SCALES)) / crops.scales[:, None] ** 2
        return BatchedDetections(crops.backward(keypoints), torch.sigmoid(logits), variance)

    def _engine(self, size: tuple[int, int]) -> Engine:
        if size not in self._engines:
            self._engines[size] = device_engine(self._network, size, self._device, self._exact)
        return self._engines[size]
