"""Effects of a lens on an image: blur, motion blur and defocus (with OpenCV, in 8 bits)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["defocus", "gaussian_blur", "motion_blur"]

_LEAST_BLUR = 0.05  # standard deviations, in pixels, below which a blur has no effect
_LEAST_DEPTH = 0.05  # multiples of the focus distance
_LEVELS = (0.25, 0.5, 1.0, 2.0, 4.0)  # blurs between which defocus interpolates, as multiples of its strength
_UNIT = np.int16(64)  # of a value between two blurs, per level of the image
_ALL = 1 << 14  # share of the stronger blur that is all of it


def gaussian_blur(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """Isotropic blur of ``(H, W, 3)`` pixels; the outermost pixels are repeated beyond the image.

    OpenCV computes it in fixed point: every processor gives the same bits, at most one level from the exact result.

    Args:
        image: ``(H, W, 3)`` uint8.
        sigma_px: Standard deviation, pixels; below 0.05 the image itself is returned.
    """
    if sigma_px <= _LEAST_BLUR:
        return image
    size = 2 * int(np.ceil(3.0 * sigma_px)) + 1
    return np.asarray(cv2.GaussianBlur(image, (size, size), sigma_px, borderType=cv2.BORDER_REPLICATE), np.uint8)


def motion_blur(image: NDArray[np.uint8], length_px: float, angle_rad: float) -> NDArray[np.uint8]:
    """Mean over a straight path across ``(H, W, 3)`` pixels.

    Args:
        image: ``(H, W, 3)`` uint8.
        length_px: Length of the path, pixels, to the next odd number from three on; up to one, the image itself is
            returned.
        angle_rad: Direction of the path from the image's x axis, counter-clockwise as displayed, radians.
    """
    if length_px <= 1:
        return image
    half = max(1, int(length_px // 2))
    kernel = _line(half, angle_rad)
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)


def defocus(image: NDArray[np.uint8], depth: NDArray[np.floating], sigma_px: float) -> NDArray[np.uint8]:
    """Thin-lens defocus: the blur of a pixel is proportional to the difference of inverse depths.

    Every pixel is interpolated between the two nearest of a few uniformly blurred images, of which only those that some
    pixel needs are made.

    Args:
        image: ``(H, W, 3)`` uint8.
        depth: ``(H, W)`` depth as a multiple of the focus distance.
        sigma_px: Standard deviation of the blur at infinite depth, pixels.
    """
    inverse = np.float32(1.0) / np.maximum(np.asarray(depth, np.float32), np.float32(_LEAST_DEPTH))
    wanted = np.float32(sigma_px) * np.abs(np.float32(1.0) - inverse)
    most = float(wanted.max())
    sharper, last, result = image, 0.0, image.astype(np.int16) * _UNIT
    for level in (sigma_px * factor for factor in _LEVELS):
        if level <= _LEAST_BLUR:
            continue
        if most <= last:
            break
        blurred = gaussian_blur(image, level)
        share = np.clip((wanted - np.float32(last)) * np.float32(_ALL / (level - last)), 0.0, np.float32(_ALL))
        change = cv2.subtract(blurred, sharper, dtype=cv2.CV_16S)
        change = cv2.multiply(change, cv2.merge([np.rint(share).astype(np.int16)] * 3), scale=_UNIT / _ALL)
        result = np.asarray(cv2.add(result, change), np.int16)
        sharper, last = blurred, level
    return np.asarray(cv2.convertScaleAbs(result, alpha=1.0 / _UNIT), np.uint8)


def _line(half: int, angle_rad: float) -> NDArray[np.float32]:
    """``(2 half + 1, 2 half + 1)`` kernel of a line through its middle, whose pixels have equal weights.

    A pixel belongs to the line if its position along and across, rounded to whole pixels, lies on it.
    """
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    inside = (np.abs(np.rint(x * cos - y * sin)) <= half) & (np.rint(x * sin + y * cos) == 0)
    return (inside / np.count_nonzero(inside)).astype(np.float32)
