"""Drawing primitives at continuous pixel coordinates: lines, discs, skeletons, mask boundaries, text."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_disc", "draw_line", "draw_mask_boundary", "draw_skeleton", "draw_text"]

_SHIFT = 4  # sub-pixel drawing: OpenCV takes fixed-point coordinates


def _fixed(pixel: NDArray[np.float64]) -> tuple[int, int] | None:
    """Fixed-point coordinates of a continuous pixel position (OpenCV's pixel centres are integers)."""
    if not np.isfinite(pixel).all() or np.abs(pixel).max() > 1e5:
        return None
    x, y = np.round((pixel - 0.5) * 2**_SHIFT).astype(int)
    return int(x), int(y)


def draw_line(canvas: NDArray[np.uint8], a: NDArray, b: NDArray, colour: tuple[int, int, int], thickness: int) -> None:
    """Draw a line between two continuous pixels; not drawn if an end is not finite."""
    start, end = _fixed(a), _fixed(b)
    if start is not None and end is not None:
        cv2.line(canvas, start, end, colour, thickness, cv2.LINE_AA, _SHIFT)


def draw_disc(canvas: NDArray[np.uint8], pixel: NDArray, radius: int, colour: tuple[int, int, int]) -> None:
    """Draw a filled disc at a continuous pixel; not drawn if the pixel is not finite."""
    centre = _fixed(pixel)
    if centre is not None:
        cv2.circle(canvas, centre, radius << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)


def draw_text(canvas: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Draw text; ``at`` is the left end of its baseline, pixels."""
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.46, colour, 1, cv2.LINE_AA)


def draw_skeleton(
    canvas: NDArray[np.uint8], pixels: NDArray[np.float64], colour: tuple[int, int, int], thickness: int
) -> None:
    """Draw a chain of keypoints at ``(K, 2)`` continuous pixels: lines between neighbours, and discs."""
    for a, b in pairwise(pixels):
        draw_line(canvas, a, b, colour, thickness)
    for pixel in pixels:
        draw_disc(canvas, pixel, thickness + 1, colour)


def draw_mask_boundary(
    canvas: NDArray[np.uint8], mask: NDArray, colour: tuple[int, int, int], thickness: int = 1
) -> None:
    """Draw the boundary of an ``(h, w)`` mask of any size, resized to the canvas and thresholded at one half."""
    size = canvas.shape[1], canvas.shape[0]
    inside = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_AA)
