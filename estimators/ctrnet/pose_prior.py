"""The rendered pose prior: the arm at a prior pose, drawn as an extra input channel of the network."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["DISC", "FARTHEST", "LINE", "draw_pose_prior", "empty_pose_prior", "prior_colours"]

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
LINE, DISC = 0.025, 0.015
"""Thickness of lines and radius of discs, as shares of the prior's height."""
FARTHEST = 3.0
"""Sizes of the prior by which a keypoint may lie outside."""


def empty_pose_prior(size: tuple[int, int]) -> NDArray[np.uint8]:
    """``(h, w, 3)`` uint8 zeros: no prior."""
    return np.zeros((size[1], size[0], 3), np.uint8)


def draw_pose_prior(pixels: NDArray[np.float64], chain: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Lines along the arm and a disc at every keypoint, each in its own colour, on black.

    Args:
        pixels: ``(K, 2)`` keypoints, continuous pixels of the network's input; NaN behind the camera.
        chain: Number of leading keypoints that follow each other along the arm and are joined by lines.
        size: Width and height of the input, pixels.

    Returns:
        ``(h, w, 3)`` uint8.
    """
    prior = empty_pose_prior(size)
    thickness, radius = max(1, round(LINE * size[1])), int(DISC * size[1] * (1 << _SHIFT))
    limit = FARTHEST * max(size)
    known = np.asarray(np.all(np.isfinite(pixels) & (np.abs(np.nan_to_num(pixels)) < limit), axis=1))
    # OpenCV counts pixel centres as integers
    places = np.round((np.nan_to_num(pixels) - 0.5) * (1 << _SHIFT)).clip(-(1 << 20), 1 << 20).astype(int)
    colours = prior_colours(len(pixels))
    for i in range(chain - 1):
        if known[i : i + 2].all():
            a, b = tuple(places[i].tolist()), tuple(places[i + 1].tolist())
            cv2.line(prior, a, b, colours[i], thickness, cv2.LINE_8, _SHIFT)
    for place, colour in zip(places[known], np.array(colours)[known], strict=True):
        cv2.circle(prior, tuple(place.tolist()), radius, tuple(colour.tolist()), -1, cv2.LINE_8, _SHIFT)
    return prior


def prior_colours(count: int) -> list[tuple[int, int, int]]:
    """Distinct colours by a low-discrepancy sequence; fixed, since networks are trained with them."""
    shares = (np.arange(count)[:, None] * np.array([0.754878, 0.569840, 0.430160]) + 0.5) % 1.0
    return [(int(r), int(g), int(b)) for r, g, b in 60.0 + 195.0 * shares]
