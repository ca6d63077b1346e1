"""Crops: similarities between an image and the network's input, by the half-pixel rule."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BORDER",
    "CROP_MARGIN",
    "FARTHEST_OUT",
    "LARGEST_SCALE",
    "Crop",
    "crop_around",
    "crop_image",
    "opencv_affine",
    "robot_crop",
    "small_size",
    "whole_image",
]

BORDER = 114
"""Grey level outside the image."""

CROP_MARGIN = 1.25
"""Extent of a robot's crop as a multiple of its keypoints'."""
FARTHEST_OUT = 0.25
"""Share of the image's size: keypoints farther outside do not widen the crop."""
LARGEST_SCALE = 6.0
"""Input pixels per image pixel."""


@dataclass(frozen=True)
class Crop:
    """A similarity between an image and the network's input.

    Attributes:
        centre: ``(2,)`` image point (continuous pixels) at the centre of the input.
        scale: Input pixels per image pixel.
        size: Width and height of the input, pixels.
        angle: Rotation of the image, clockwise as seen, rad. Inference uses quarter turns, training any angle.
    """

    centre: tuple[float, float]
    scale: float
    size: tuple[int, int]
    angle: float = 0.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """``(2, 3)`` affine map from continuous image pixels to continuous input pixels."""
        c, s = self.scale * np.cos(self.angle), self.scale * np.sin(self.angle)
        linear = np.array([[c, -s], [s, c]])
        offset = 0.5 * np.array(self.size) - linear @ np.array(self.centre)
        return np.concatenate([linear, offset[:, None]], axis=1)

    @property
    def quarter_turns(self) -> int:
        """The rotation in quarter turns, 0 to 3 (rounded)."""
        return round(self.angle / (0.5 * np.pi)) % 4

    def forward(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """``(..., 2)`` image pixels to input pixels."""
        M = self.matrix
        return np.asarray(np.asarray(pixels) @ M[:, :2].T + M[:, 2])

    def backward(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """``(..., 2)`` input pixels to image pixels."""
        M = self.matrix
        return np.asarray((np.asarray(pixels) - M[:, 2]) @ np.linalg.inv(M[:, :2]).T)

    def paste(self, mask: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
        """``(height, width)`` float32 image with the crop's mask ``(h, w)`` in place; 0 outside the crop."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        pasted = cv2.warpAffine(mask, opencv_affine(self.matrix), (width, height), flags=flags)
        return np.asarray(pasted, dtype=np.float32)

    def covers(self, width: int, height: int) -> NDArray[np.bool_]:
        """``(height, width)`` bool image pixels inside the crop."""
        inside = np.ones((self.size[1], self.size[0]), np.uint8)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(inside, opencv_affine(self.matrix), (width, height), flags=flags) > 0)


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height, pixels, of the coarse pass' input for a network of a given full size."""
    return 3 * size[0] // 4, 3 * size[1] // 4


def whole_image(width: int, height: int, size: tuple[int, int], quarter_turns: int = 0) -> Crop:
    """The whole image, rotated by quarter turns, as large as it fits."""
    across, down = _turned((width, height), quarter_turns)
    scale = min(size[0] / across, size[1] / down)
    return Crop((0.5 * width, 0.5 * height), scale, size, 0.5 * np.pi * quarter_turns)


def crop_around(pixels: ArrayLike, size: tuple[int, int], margin: float, quarter_turns: int = 0) -> Crop:
    """A crop that holds ``(N, 2)`` image pixels, with a margin as a multiple of their extent (1: none)."""
    pixels = np.asarray(pixels, dtype=float)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    extent = np.array(_turned(np.maximum((high - low) * margin, 1.0), quarter_turns))
    scale = float(np.min(np.array(size) / extent))
    return Crop(tuple(0.5 * (low + high)), scale, size, 0.5 * np.pi * quarter_turns)


def robot_crop(pixels: ArrayLike, width: int, height: int, size: tuple[int, int], quarter_turns: int = 0) -> Crop:
    """The region of a robot whose keypoints lie at ``(N, 2)`` pixels of an image; NaN for points behind the camera.

    Keypoints far outside the image do not widen the crop; with fewer than two others it is the whole image.
    """
    pixels, extent = np.asarray(pixels, dtype=float), np.array([width, height])
    with np.errstate(invalid="ignore"):
        near = np.all((pixels > -FARTHEST_OUT * extent) & (pixels < (1.0 + FARTHEST_OUT) * extent), axis=1)
    if near.sum() < 2:
        return whole_image(width, height, size, quarter_turns)
    crop = crop_around(np.clip(pixels[near], 0.0, extent), size, CROP_MARGIN, quarter_turns)
    return Crop(crop.centre, min(crop.scale, LARGEST_SCALE), size, crop.angle)


def opencv_affine(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ``(2, 3)`` affine map of continuous pixels for OpenCV, which counts pixel centres as integers."""
    shift = matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return np.concatenate([matrix[:, :2], (matrix[:, 2] + shift)[:, None]], axis=1)


def crop_image(image: NDArray[np.uint8], crop: Crop, border: int = BORDER) -> NDArray[np.uint8]:
    """The network's input that a crop takes from an image.

    Args:
        image: ``(H, W)`` or ``(H, W, C)`` uint8.
        crop: Region to take.
        border: Value outside the image.

    Returns:
        ``(size[1], size[0])`` or ``(size[1], size[0], C)`` uint8. Images that shrink by more than half are averaged
        first (no aliasing of thin structures).
    """
    image, matrix = _needed(image, crop)
    scale = crop.scale
    while scale <= 0.5 and min(image.shape[:2]) >= 2:
        height, width = image.shape[:2]
        even = image[: height // 2 * 2, : width // 2 * 2]
        image = np.asarray(cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        matrix = matrix @ np.diag([2.0, 2.0, 1.0])
        scale *= 2.0
    matrix = opencv_affine(matrix)
    return np.asarray(
        cv2.warpAffine(
            image, matrix, crop.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
            borderValue=(border,) * 3,
        )
    )  # fmt: skip


def _needed(image: NDArray[np.uint8], crop: Crop) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of an image that a crop which shrinks it needs, and the affine map from its pixels to the input's.

    Its corner lies on the grid of the pixels that are averaged, so the result is that of the whole image.
    """
    block = 2 ** max(int(np.floor(-np.log2(crop.scale))), 0)  # pixels that are averaged along each axis
    if block == 1:
        return image, crop.matrix
    corners = crop.backward([(0.0, 0.0), (crop.size[0], 0.0), (0.0, crop.size[1]), crop.size])
    low, high = corners.min(axis=0) // block - 1, corners.max(axis=0) // block + 2
    (left, top), (right, bottom) = (np.maximum(ends * block, 0).astype(int) for ends in (low, high))
    part = image[top:bottom, left:right]
    if part.size == 0:  # the crop lies beside the image
        return image, crop.matrix
    shift = crop.matrix[:, :2] @ (left, top)
    return part, np.concatenate([crop.matrix[:, :2], (crop.matrix[:, 2] + shift)[:, None]], axis=1)


def _turned(extent: ArrayLike, quarter_turns: int) -> tuple[float, float]:
    """Width and height after quarter turns."""
    width, height = np.asarray(extent).tolist()
    return (height, width) if quarter_turns % 2 else (width, height)
