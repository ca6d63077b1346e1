"""Reading images whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["read_image", "read_mask"]

_SCAN, _END = 0xDA, b"\xff\xd9"
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def read_image(file: Path, flags: int = cv2.IMREAD_COLOR_RGB) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8 RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a image, or the end of one is missing.
    """
    data = file.read_bytes()
    if _cut_off(data):
        raise ValueError(f"{file}: its end is missing; the rest of the image would be grey")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        raise ValueError(f"{file}: not a image that can be read")
    return np.asarray(image, dtype=np.uint8)


def read_mask(file: Path) -> NDArray[np.bool_]:
    """``(H, W)`` bool.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a image.
    """
    return read_image(file, cv2.IMREAD_GRAYSCALE) > 127


def _cut_off(data: bytes) -> bool:
    """Whether this is a JPEG that ends before its end marker, which decoders fill up with grey.

    Segments are walked through to the first scan, past thumbnails that have end markers of their own; in a scan the
    marker stands for nothing else (ITU-T T.81, annex B).
    """
    if data[:2] != b"\xff\xd8":
        return False
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == _SCAN:
            return data.find(_END, place) < 0
        if marker == 0xFF:  # padding
            place += 1
        else:
            place += 2 if marker in _ALONE else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return True
