"""Corners of the static background, tracked from image to image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BackgroundTracks"]

_WINDOW = (15, 15)  # pixels of the patch around a corner
_LEVELS = 3  # of the image pyramid
_QUALITY = 0.01  # least corner quality, as a share of the best corner's
_BLOCK = 5  # pixels over which corner quality is computed
_SPACING = 26.0  # corners that fit side by side in an image
_ROUND_TRIP = 0.7  # pixels: largest distance of a corner that was tracked forward and back


class BackgroundTracks:
    """Corners of an anchor image, found in later images with the pyramidal Lucas-Kanade method.

    Every image is compared with the anchor image, so that positions do not drift. Images are ``(H, W)`` uint8,
    foregrounds ``(H, W)`` uint8 with zeros where the background is.

    Attributes:
        most: Number of corners in an anchor image, at most.
        pixels: ``(n, 2)`` float32 newest positions of the corners, in OpenCV's pixel coordinates (integer centres).
    """

    def __init__(self, most: int = 80) -> None:
        """Track at most so many corners."""
        self.most = most
        self.clear()

    def clear(self) -> None:
        """Forget the corners and the anchor image."""
        self._anchor: NDArray[np.uint8] = np.zeros((0, 0), dtype=np.uint8)
        self._corners = self.pixels = np.zeros((0, 2), dtype=np.float32)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Forget the corners that are not kept, ``(n,)``."""
        self._corners, self.pixels = self._corners[kept], self.pixels[kept]

    def track(self, image: NDArray[np.uint8], foreground: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Search the corners in an image.

        Returns:
            ``(n,)`` which corners were found: tracked back they return to where they were, and they are not in the
            foreground. None is found in an image of another size.
        """
        import cv2

        if not len(self._corners) or image.shape != self._anchor.shape:
            return np.zeros(len(self._corners), dtype=bool)
        options: dict[str, Any] = {"winSize": _WINDOW, "maxLevel": _LEVELS, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
        moved, found, _ = cv2.calcOpticalFlowPyrLK(self._anchor, image, self._corners, self.pixels.copy(), **options)
        back, returned, _ = cv2.calcOpticalFlowPyrLK(image, self._anchor, moved, self._corners.copy(), **options)
        self.pixels = there = np.asarray(moved, dtype=np.float32)
        close = np.linalg.norm(back - self._corners, axis=1) < _ROUND_TRIP
        return np.asarray(close & (found.ravel() > 0) & (returned.ravel() > 0) & _free(foreground, there))

    def anchor(self, image: NDArray[np.uint8], foreground: NDArray[np.uint8]) -> int:
        """Make the image in which the corners were last found the anchor, and add new corners.

        Returns:
            Number of new corners; they come last.
        """
        new = self._new_corners(image, foreground)
        self._anchor = image
        self._corners = self.pixels = np.concatenate([self.pixels, new])
        return len(new)

    def _new_corners(self, image: NDArray[np.uint8], foreground: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(m, 2)`` corners of the background away from the present ones, found at half the resolution."""
        import cv2

        none = np.zeros((0, 2), dtype=np.float32)
        if len(self.pixels) >= self.most or min(image.shape) < 2 * _BLOCK:
            return none
        half = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        height, width = half.shape
        free = (cv2.resize(foreground, (width, height), interpolation=cv2.INTER_NEAREST) == 0).astype(np.uint8)
        apart = width / _SPACING
        for x, y in self.pixels.tolist():
            cv2.circle(free, (round(x / 2), round(y / 2)), round(apart), 0, -1)
        most = self.most - len(self.pixels)
        found = cv2.goodFeaturesToTrack(half, most, _QUALITY, apart, mask=free, blockSize=_BLOCK)
        return none if found is None else (2.0 * found.reshape(-1, 2) + 0.5).astype(np.float32)


def _free(foreground: NDArray[np.uint8], pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """``(n,)`` which pixels lie in the image and not in the foreground."""
    height, width = foreground.shape
    columns, rows = np.round(pixels).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    return np.asarray(inside & (foreground[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] == 0))
