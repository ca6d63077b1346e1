"""Frames of a video by their number."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, DataWarning

__all__ = ["Video"]


class Video:
    """A video, decoded from its beginning: containers miscount their frames, and seeking is inexact between key frames.

    Reading frames in order takes one pass; reading an earlier frame starts a new pass. Frames are those that the sensor
    recorded, which is what intrinsics belong to: a rotation that the container asks for is ignored, and a
    :class:`~ctr_env.errors.DataWarning` says so.

    Attributes:
        file: The video file.
        rate: Frames per second; zero if the file does not say.
    """

    def __init__(self, file: Path) -> None:
        """Count the frames.

        Raises:
            DataError: If it is not a video, or has no frames.
        """
        self.file = file
        self._stream, self._next = _opened(file), 0
        self.rate = float(self._stream.get(cv2.CAP_PROP_FPS))
        rotation = self._stream.get(cv2.CAP_PROP_ORIENTATION_META)
        while self._stream.grab():
            self._next += 1
        self._count = self._next
        if self._count == 0:
            raise DataError(f"{file}: not a video that can be read")
        if rotation:
            warnings.warn(
                f"{file}: the video is to be shown rotated by {rotation:.0f} degrees, which is ignored: intrinsics "
                "belong to the image as the sensor recorded it",
                DataWarning,
                stacklevel=3,
            )

    def __len__(self) -> int:
        """Number of frames."""
        return self._count

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame ``index``, counted from 0: ``(height, width, 3)``, RGB.

        Raises:
            DataError: If there is no such frame, or it cannot be decoded any more.
        """
        if not 0 <= index < self._count:
            raise DataError(f"{self.file}: no frame {index}; they are numbered from 0 to {self._count - 1}")
        if index < self._next:
            self._stream.release()
            self._stream, self._next = _opened(self.file), 0
        while self._next < index and self._stream.grab():
            self._next += 1
        decoded, image = self._stream.read()
        if not decoded:
            raise DataError(f"{self.file}: frame {index} cannot be read")
        self._next = index + 1
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _opened(file: Path) -> cv2.VideoCapture:
    stream = cv2.VideoCapture(str(file))
    stream.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    return stream
