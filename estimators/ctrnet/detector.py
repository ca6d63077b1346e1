"""Running a network on crops of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ctr_env.runs.device import resolve_device
from ctr_env.scenes.robots.description import RobotDescription

from .cropping import Crop, crop_image, opencv_affine
from .engine import Engine, make_engine
from .points import LinkPoint
from .pose_prior import draw_pose_prior, empty_pose_prior
from .weights import load_network

__all__ = ["Detection", "Detector"]

_LOG_SCALES = (-5.0, 8.0)  # of errors in pixels: what a network that works never leaves


@dataclass(frozen=True)
class Detection:
    """What the network finds in one image.

    Attributes:
        pixels: ``(K, 2)`` points, image pixels.
        confidence: ``(K,)`` in [0, 1].
        variance: ``(K,)`` expected variance of each pixel coordinate, px².
        crop: Where it was looked.
        crop_mask: ``(h, w)`` float32 robot probability in the crop.
        size: Width and height of the image, pixels.
    """

    pixels: NDArray[np.float64]
    confidence: NDArray[np.float64]
    variance: NDArray[np.float64]
    crop: Crop
    crop_mask: NDArray[np.float32]
    size: tuple[int, int]

    @property
    def mask(self) -> NDArray[np.float32]:
        """``(H, W)`` float32 robot probability in the image; 0 outside the crop."""
        return _paste(self.crop_mask, self.crop, *self.size)


class Detector:
    """A network with its weights.

    Attributes:
        points: The points that it finds.
        input_size: Width and height of its full input, pixels.
        uncertainty: Uncertainty model of these weights.
    """

    def __init__(self, file: Path, robot: RobotDescription, device: str = "auto") -> None:
        """Load a weights file.

        Args:
            file: The weights file.
            robot: The robot in the images.
            device: Where the network runs (see :func:`~ctr_env.runs.device.resolve_device`).

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a weights file, or belongs to another robot.
        """
        network, header = load_network(file)
        if header.robot != robot.name:
            raise ValueError(f"{file} holds weights for robot {header.robot!r}, not {robot.name!r}")
        self.points = tuple(LinkPoint(*entry) for entry in header.keypoints)
        self.input_size = header.input_size
        self._chain = len(robot.keypoint_frames)
        self.uncertainty = header.uncertainty
        self._network, self._device = network, resolve_device(device)
        self._engines: dict[tuple[int, int], Engine] = {}
        self._mean = 255.0 * torch.tensor(header.mean)
        self._scale = 1.0 / (255.0 * torch.tensor(header.std))

    @torch.inference_mode()
    def detect(
        self,
        images: Sequence[NDArray[np.uint8]],
        crops: Sequence[Crop],
        guesses: Sequence[NDArray[np.float64] | None],
    ) -> list[Detection]:
        """Find mask and points.

        Args:
            images: N images ``(H, W, 3)`` uint8 RGB, of any sizes.
            crops: Where to look in each; all of one size.
            guesses: ``(K, 2)`` image pixels where each one's points are thought to be, or ``None``.
        """
        size = crops[0].size
        inputs = np.stack([crop_image(p, c) for p, c in zip(images, crops, strict=True)])
        priors = np.stack(
            [
                empty_pose_prior(size) if guess is None else draw_pose_prior(crop.forward(guess), self._chain, size)
                for guess, crop in zip(guesses, crops, strict=True)
            ]
        )
        image_planes = (torch.from_numpy(inputs).float() - self._mean) * self._scale  # (N, h, w, 3)
        prior_planes = torch.from_numpy(priors).float() / 255.0
        output = self._engine(size)(image_planes.permute(0, 3, 1, 2), prior_planes.permute(0, 3, 1, 2))
        # variance of a Laplace distribution of that scale, which a spoilt network may put anywhere
        variance = 2.0 * torch.exp(2.0 * output.log_scale.double().clamp(*_LOG_SCALES))
        confidence = torch.sigmoid(output.confidence_logits.double()).numpy()
        masks = torch.sigmoid(output.mask_logits.float())[:, 0].numpy()
        detections = []
        for i, (image, crop) in enumerate(zip(images, crops, strict=True)):
            pixels = crop.backward(output.keypoints_px[i].double().numpy())
            height, width = image.shape[:2]
            spread = variance[i].numpy() / crop.scale**2
            detections.append(Detection(pixels, confidence[i], spread, crop, masks[i], (width, height)))
        return detections

    def _engine(self, size: tuple[int, int]) -> Engine:
        if size not in self._engines:
            self._engines[size] = make_engine(self._network, size, self._device)
        return self._engines[size]


def _paste(mask: NDArray[np.float32], crop: Crop, width: int, height: int) -> NDArray[np.float32]:
    """A crop's mask in its image."""
    matrix = opencv_affine(crop.matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, matrix, (width, height), flags=flags), dtype=np.float32)
