"""Writing videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
from numpy.typing import NDArray

from ctr_env.runs.files import replacing

__all__ = ["VideoWriter", "open_video"]


class VideoWriter:
    """Appends images of one size to a video."""

    def __init__(self, writer: Any) -> None:
        """Wrap an imageio writer."""
        self._writer = writer

    def add(self, image: NDArray[np.uint8]) -> None:
        """Append a ``(H, W, 3)`` uint8 image; odd sizes lose their last row or column."""
        height, width = (size - size % 2 for size in image.shape[:2])
        self._writer.append_data(image[:height, :width])


@contextmanager
def open_video(path: Path, fps: float) -> Iterator[VideoWriter]:
    """Write an MP4 (H.264 with 4:2:0 chroma, which all players support); the file appears when the block ends."""
    with replacing(path) as scratch:
        writer = imageio.get_writer(
            scratch, fps=fps, codec="libx264", quality=7, macro_block_size=2, pixelformat="yuv420p"
        )
        try:
            yield VideoWriter(writer)
        finally:
            writer.close()
