"""Videos and images that are small enough to be part of a page."""

from __future__ import annotations

import itertools
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import imageio.v2 as imageio
import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from ctr_env.drawing.page.images import data_uri, image_uri

__all__ = ["MediaBudget", "last_image_uri", "poster_uri", "video_uri"]

_VIDEO_WIDTH, _IMAGE_WIDTH = 320, 240
_EVERY = 2  # frames
_QUALITY = 34  # of H.264: constant rate factor


class MediaBudget:
    """Bytes that videos and images may still take in a page."""

    def __init__(self, size: float) -> None:
        """Begin with a number of bytes."""
        self._left = size

    def take(self, uri: str | None) -> str | None:
        """The address, if it still fits; else ``None``."""
        if uri is None or len(uri) > self._left:
            return None
        self._left -= len(uri)
        return uri

    @property
    def spent(self) -> bool:
        """Whether there is no room for another video."""
        return self._left < 20_000


def video_uri(path: Path) -> str | None:
    """A video at 320 pixels width and half the frame rate, as a ``data:`` address; ``None`` if it cannot be read."""
    try:
        fps = float(iio.immeta(path, plugin="FFMPEG")["fps"]) / _EVERY
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / "video.mp4"
            _write(small, fps, itertools.islice(iio.imiter(path, plugin="FFMPEG"), 0, None, _EVERY))
            return data_uri("video/mp4", small.read_bytes())
    except (OSError, ValueError, RuntimeError):
        return None


def poster_uri(path: Path) -> str | None:
    """The first image of a video as a small JPEG; ``None`` if it cannot be read."""
    return _image_uri(path, lambda images: list(itertools.islice(images, 1)))


def last_image_uri(path: Path) -> str | None:
    """The last image of a video as a small JPEG; ``None`` if it cannot be read."""
    return _image_uri(path, lambda images: list(deque(images, maxlen=1)))


def _image_uri(path: Path, choose: Callable[[Iterator[Any]], list[Any]]) -> str | None:
    try:
        chosen = choose(iio.imiter(path, plugin="FFMPEG"))
    except (OSError, ValueError, RuntimeError):
        return None
    if not chosen:
        return None
    return image_uri(np.asarray(chosen[0]), _IMAGE_WIDTH, quality=60)


def _write(path: Path, fps: float, images: Iterator[NDArray[np.uint8]]) -> None:
    options = ["-crf", str(_QUALITY), "-preset", "slow", "-movflags", "+faststart"]
    writer = imageio.get_writer(
        path, fps=fps, codec="libx264", quality=None, macro_block_size=2, pixelformat="yuv420p", output_params=options
    )
    try:
        for image in images:
            writer.append_data(_resized(np.asarray(image), _VIDEO_WIDTH))
    finally:
        writer.close()


def _resized(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    height = 2 * round(0.5 * image.shape[0] * width / image.shape[1])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
