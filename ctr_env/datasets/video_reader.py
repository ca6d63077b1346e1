"""Frames of a video by their number."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Video"]


class Video:
    """A video, decoded from its beginning: containers miscount their frames, and seeking is inexact between key frames.

    Frames that are asked for in order cost one pass; one before the last begins anew.

    Attributes:
        file: Where it is.
        rate: Frames per second; zero if the file does not say.
    """

    def __init__(self, file: Path) -> None:
        """Count the frames.

        Raises:
            ValueError: If it is not a video, or has no frames.
        """
        self.file = file
        self._stream, self._next = cv2.VideoCapture(str(file)), 0
        self.rate = float(self._stream.get(cv2.CAP_PROP_FPS))
        while self._stream.grab():
            self._next += 1
        self._count = self._next
        if self._count == 0:
            raise ValueError(f"{file}: not a video that can be read")

    def __len__(self) -> int:
        """Number of frames."""
        return self._count

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame ``index``, counted from 0: ``(height, width, 3)``, RGB.

        Raises:
            ValueError: If there is no such frame, or it cannot be decoded any more.
        """
        if not 0 <= index < self._count:
            raise ValueError(f"{self.file}: no frame {index}; they are numbered from 0 to {self._count - 1}")
        if index < self._next:
            self._stream.release()
            self._stream, self._next = cv2.VideoCapture(str(self.file)), 0
        while self._next < index and self._stream.grab():
            self._next += 1
        there, image = self._stream.read()
        if not there:
            raise ValueError(f"{self.file}: frame {index} cannot be read")
        self._next = index + 1
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
