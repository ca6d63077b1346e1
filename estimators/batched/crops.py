"""Upright crops of many images on one device."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from ctr_env.estimators.ctrnet.cropping import BORDER, CROP_MARGIN, FARTHEST_OUT, LARGEST_SCALE

__all__ = ["Crops", "robot_crops", "whole_images"]


class Crops(NamedTuple):
    """:class:`~ctr_env.estimators.ctrnet.cropping.Crop` for N images, without rotations."""

    centres: Tensor
    """``(N, 2)`` image points at the centres of the inputs, continuous pixels."""
    scales: Tensor
    """``(N,)`` input pixels per image pixel."""
    size: tuple[int, int]
    """Width and height of the inputs, pixels."""

    def forward(self, pixels: Tensor) -> Tensor:
        """``(N, K, 2)`` image pixels to input pixels."""
        return self.scales[:, None, None] * (pixels - self.centres[:, None]) + self._half(pixels)

    def backward(self, pixels: Tensor) -> Tensor:
        """``(N, K, 2)`` input pixels to image pixels."""
        return (pixels - self._half(pixels)) / self.scales[:, None, None] + self.centres[:, None]

    def rows(self, chosen: slice) -> Crops:
        """Some of the crops."""
        return Crops(self.centres[chosen], self.scales[chosen], self.size)

    def sample(self, images: Tensor) -> Tensor:
        """The network's inputs, bilinear, of images averaged to half their size while crops shrink them by more.

        Args:
            images: ``(N, H, W, 3)`` uint8 RGB.

        Returns:
            ``(N, 3, h, w)`` float32, 0 to 255.
        """
        level = images.permute(0, 3, 1, 2).float() - BORDER
        result, scales = self._sampled(level, self.scales), self.scales
        smallest = min(self.size[0] / images.shape[2], self.size[1] / images.shape[1]) / CROP_MARGIN
        while smallest <= 0.5:
            level, smallest, halved = avg_pool2d(level, 2), 2.0 * smallest, scales <= 0.5
            scales = torch.where(halved, 2.0 * scales, scales)
            result = torch.where(halved[:, None, None, None], self._sampled(level, scales), result)
        return result + BORDER

    def _sampled(self, level: Tensor, scales: Tensor) -> Tensor:
        """Samples of images that were shrunk by ``scales / self.scales``; 0 outside."""
        (width, height), (down, across) = self.size, level.shape[2:]
        x = torch.arange(width, device=level.device) + 0.5 - 0.5 * width
        y = torch.arange(height, device=level.device) + 0.5 - 0.5 * height
        centres = self.centres * (self.scales / scales)[:, None]
        columns = 2.0 * (x / scales[:, None] + centres[:, :1]) / across - 1.0
        rows = 2.0 * (y / scales[:, None] + centres[:, 1:]) / down - 1.0
        grid = torch.stack([columns[:, None].expand(-1, height, -1), rows[:, :, None].expand(-1, -1, width)], dim=3)
        return grid_sample(level, grid.float(), align_corners=False)

    def _half(self, like: Tensor) -> Tensor:
        return 0.5 * torch.tensor(self.size, dtype=like.dtype, device=like.device)


def whole_images(count: int, width: int, height: int, size: tuple[int, int], device: torch.device) -> Crops:
    """N whole images, as large as they fit."""
    centre = torch.tensor([0.5 * width, 0.5 * height], dtype=torch.float64, device=device)
    scale = min(size[0] / width, size[1] / height)
    return Crops(centre.repeat(count, 1), torch.full_like(centre[:1], scale).repeat(count), size)


def robot_crops(pixels: Tensor, width: int, height: int, size: tuple[int, int]) -> Crops:
    """The regions of robots whose keypoints lie at ``(N, K, 2)`` image pixels; NaN for points behind the camera.

    As :func:`~ctr_env.estimators.ctrnet.cropping.robot_crop`.
    """
    extent = pixels.new_tensor([width, height])
    near = ((pixels > -FARTHEST_OUT * extent) & (pixels < (1.0 + FARTHEST_OUT) * extent)).all(dim=2)
    inside = torch.minimum(pixels.nan_to_num().clamp(min=0.0), extent)
    low = torch.where(near[..., None], inside, torch.inf).amin(dim=1)
    high = torch.where(near[..., None], inside, -torch.inf).amax(dim=1)
    largest = (pixels.new_tensor(size) / (CROP_MARGIN * (high - low)).clamp(min=1.0)).amin(dim=1)
    whole = whole_images(len(pixels), width, height, size, pixels.device)
    enough = near.sum(dim=1) >= 2
    return Crops(
        torch.where(enough[:, None], 0.5 * (low + high), whole.centres),
        torch.where(enough, largest.clamp(max=LARGEST_SCALE), whole.scales),
        size,
    )
