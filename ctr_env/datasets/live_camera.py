"""A camera of this computer, by the number that OpenCV gives it."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

__all__ = ["ImageSource", "LiveCamera"]

_BUFFERED = 5  # images that a driver may hold from before the robot came to rest


class ImageSource(Protocol):
    """What gives an image of the present moment."""

    def newest(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB image taken now.

        Raises:
            DataError: If there is none.
        """


class LiveCamera:
    """An open camera; used as a context manager, it is released in the end."""

    def __init__(self, index: int, camera: PinholeCamera) -> None:
        """Open a camera.

        Args:
            index: Its number, as OpenCV counts.
            camera: Its intrinsics; images of that size are requested from it.

        Raises:
            DataError: If it does not open.
        """
        self._index = index
        self._source = cv2.VideoCapture(index)
        if not self._source.isOpened():
            self.release()
            raise DataError(f"camera {index} does not open; valid are the numbers of cameras that are plugged in")
        self._source.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        self._source.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)

    def __enter__(self) -> LiveCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def newest(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB image taken now: those that the driver has buffered are dropped.

        Raises:
            DataError: If the camera gives none.
        """
        for _ in range(_BUFFERED):
            self._source.grab()
        taken, image = self._source.read()
        if not taken:
            raise DataError(f"camera {self._index} gives no image")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def release(self) -> None:
        """Close the camera."""
        self._source.release()
