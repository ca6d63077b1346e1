"""Stage 2, detect: mask and keypoints of crops by the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctr_env.errors import ConfigurationError
from ctr_env.runs.device import resolve_device
from ctr_env.scenes.robots.description import RobotDescription

from .cropping import Crop, crop_image
from .engine import Engine, make_engine
from .hypothesis import Detection, PoseHypothesis
from .points import LinkPoint
from .pose_prior import draw_pose_prior, empty_pose_prior
from .robot_model import RobotView
from .weights import load_network

__all__ = ["LOG_SCALES", "Detector", "detect"]

LOG_SCALES = (-5.0, 8.0)  # of errors in pixels; a trained network stays inside


class Detector:
    """A network with its weights.

    Attributes:
        points: The K keypoints that it detects.
        input_size: Width and height of its full input, pixels.
        uncertainty: Uncertainty model of these weights.
    """

    def __init__(self, file: Path, robot: RobotDescription, device: str = "auto", precision: str = "auto") -> None:
        """Load a weights file.

        Args:
            file: The weights file.
            robot: The robot in the images.
            device: Where the network runs (see :func:`~ctr_env.runs.device.resolve_device`).
            precision: Arithmetic on a CPU: ``"auto"`` or ``"float32"``.

        Raises:
            FileNotFoundError: If there is no such file.
            ConfigurationError: If it is not a weights file, or belongs to another robot.
        """
        network, header = load_network(file)
        if header.robot != robot.network_robot:
            raise ConfigurationError(f"{file} holds weights for robot {header.robot!r}, not {robot.network_robot!r}")
        self.points = tuple(LinkPoint(*entry) for entry in header.keypoints)
        self.input_size = header.input_size
        self._chain = len(robot.keypoint_frames)
        self.uncertainty = header.uncertainty
        self._network, self._device, self._exact = network, resolve_device(device), precision == "float32"
        self._engines: dict[tuple[int, int], Engine] = {}
        self._mean = 255.0 * torch.tensor(header.mean)
        self._scale = 1.0 / (255.0 * torch.tensor(header.std))

    @torch.inference_mode()
    def detect(
        self,
        images: Sequence[NDArray[np.uint8]],
        crops: Sequence[Crop],
        priors_px: Sequence[NDArray[np.float64] | None],
    ) -> list[Detection]:
        """Apply the network to one crop of each of N images.

        Args:
            images: N images ``(H, W, 3)`` uint8 RGB, of any sizes.
            crops: The crop of each; all of one size.
            priors_px: ``(K, 2)`` image pixels of the keypoints at each crop's prior pose; ``None``: no prior.
        """
        size = crops[0].size
        inputs = np.stack([crop_image(p, c) for p, c in zip(images, crops, strict=True)])
        priors = np.stack(
            [
                empty_pose_prior(size) if prior is None else draw_pose_prior(crop.forward(prior), self._chain, size)
                for prior, crop in zip(priors_px, crops, strict=True)
            ]
        )
        image_planes = self._normalised(torch.from_numpy(inputs))
        prior_planes = torch.from_numpy(priors).float() / 255.0
        output = self._engine(size)(image_planes.permute(0, 3, 1, 2), prior_planes.permute(0, 3, 1, 2))
        # variance of a Laplace distribution; the clamp keeps a diverged network finite
        variance = 2.0 * torch.exp(2.0 * output.log_scale.double().clamp(*LOG_SCALES))
        confidence = torch.sigmoid(output.confidence_logits.double()).numpy()
        masks = torch.sigmoid(output.mask_logits.float())[:, 0].numpy()
        detections = []
        for i, (image, crop) in enumerate(zip(images, crops, strict=True)):
            pixels = crop.backward(output.keypoints_px[i].double().numpy())
            height, width = image.shape[:2]
            spread = variance[i].numpy() / crop.scale**2
            detections.append(Detection(pixels, confidence[i], spread, crop, masks[i], (width, height)))
        return detections

    def _normalised(self, images: Tensor) -> Tensor:
        """``(N, h, w, 3)`` float32 input of the network for uint8 RGB; computed by rows, not by triples of a pixel."""
        width = images.shape[2]
        rows = images.flatten(2).float()
        return rows.sub_(self._mean.repeat(width)).mul_(self._scale.repeat(width)).view(images.shape)

    def _engine(self, size: tuple[int, int]) -> Engine:
        if size not in self._engines:
            self._engines[size] = make_engine(self._network, size, self._device, self._exact)
        return self._engines[size]


def detect(
    detector: Detector,
    views: Sequence[RobotView],
    proposals: Sequence[tuple[int, PoseHypothesis]],
    min_confidence: float,
    n_keypoints: int | None,
) -> list[tuple[int, PoseHypothesis]]:
    """The proposals with the network's output and the keypoints that enter PnP.

    Args:
        detector: The network.
        views: The images.
        proposals: Image number and hypothesis of each crop; all crops of one size.
        min_confidence: Least confidence of a keypoint that enters PnP.
        n_keypoints: Number of leading keypoints that may enter PnP; ``None``: all.
    """
    if not proposals:
        return []
    crops, priors = [h.crop for _, h in proposals], [h.prior_px for _, h in proposals]
    detections = detector.detect([views[i].image for i, _ in proposals], crops, priors)
    allowed = np.arange(len(detector.points)) < (len(detector.points) if n_keypoints is None else n_keypoints)
    return [
        (i, replace(h, detection=found, used=allowed & (found.confidence >= min_confidence)))
        for (i, h), found in zip(proposals, detections, strict=True)
    ]
