"""Images by name, from a folder or a video."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError

from .image_file import IMAGE_SUFFIXES, read_image
from .video_reader import Video

__all__ = ["ImageFolder", "ImageSequence", "VideoFrames", "open_images"]


class ImageSequence(Protocol):
    """Images in order, read by name."""

    path: Path
    """The folder or video."""
    names: list[str]
    """Names of the images, in order."""
    rate: float
    """Images per second; zero if unknown."""

    def file(self, name: str) -> Path:
        """The file that an image is read from."""

    def read(self, name: str) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB."""


class ImageFolder:
    """The images of a folder, sorted by name with numbers by their value: 2.png before 10.png."""

    rate = 0.0

    def __init__(self, path: Path) -> None:
        """List the images."""
        self.path = path
        self.names = sorted((f.name for f in path.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES), key=_order)

    def file(self, name: str) -> Path:
        """The image's file."""
        return self.path / name

    def read(self, name: str) -> NDArray[np.uint8]:
        """Read one image.

        Raises:
            MissingFileError: If it is not there.
            DataError: If it cannot be read.
        """
        return read_image(self.path / name)


class VideoFrames:
    """The frames of a video, named by their six-digit number from 0."""

    def __init__(self, path: Path) -> None:
        """Open the video.

        Raises:
            DataError: If it is not a video.
        """
        self.path = path
        self._video = Video(path)
        self.rate = self._video.rate
        self.names = [f"{i:06d}" for i in range(len(self._video))]

    def file(self, name: str) -> Path:
        """The video."""
        return self.path

    def read(self, name: str) -> NDArray[np.uint8]:
        """Read one frame.

        Raises:
            DataError: If there is no such frame, or it cannot be decoded.
        """
        return self._video.read(int(name))

    @staticmethod
    def named(cell: str) -> str:
        """Name of the frame whose number a cell of a table has.

        Raises:
            DataError: If the cell is not a number.
        """
        if not cell.isdecimal():
            raise DataError(f"a row names frame {cell!r}; rows name a video's frames by their number, from 0")
        return f"{int(cell):06d}"


def open_images(path: Path) -> ImageFolder | VideoFrames:
    """The images of a folder or a video.

    Raises:
        MissingFileError: If there is neither.
        DataError: If a file is not a video.
    """
    if not path.exists():
        raise MissingFileError(f"no such folder or video: {path}")
    return ImageFolder(path) if path.is_dir() else VideoFrames(path)


def _order(name: str) -> list[tuple[int, str]]:
    """Sort key of a name: its numbers by their value."""
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
