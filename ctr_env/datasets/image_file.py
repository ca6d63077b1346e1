"""Reading image files completely, as the sensor recorded them."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ctr_env.errors import DataError, DataWarning, MissingFileError

__all__ = ["IMAGE_SUFFIXES", "decode_image", "decode_mask", "file_bytes", "read_image", "read_mask"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""Endings of the names of image files, in lower case."""

_ORIENTATION = 0x0112  # EXIF tag; 1 is upright
_UNCHANGED = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
_DEPTHS = (1, 8, 10, 12, 14, 16)  # bits of a pixel value that cameras and masks have


def read_image(file: str | Path) -> NDArray[np.uint8]:
    """Read an image file: the one reader of all commands.

    The image is the one that the sensor recorded, which is what intrinsics belong to: an EXIF orientation flag is
    ignored, and a :class:`~ctr_env.errors.DataWarning` says so. Greyscale images get three equal channels, transparency
    is dropped. Values of 16 bits are scaled by the largest value of the smallest sensor depth (8, 10, 12, 14 or 16
    bits) that holds them, which is said likewise.

    Returns:
        ``(H, W, 3)`` uint8, RGB.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not an image, or its end is missing.
    """
    return decode_image(file_bytes(file), Path(file))


def read_mask(file: str | Path) -> NDArray[np.bool_]:
    """Read a mask: ``(H, W)`` bool, true where a pixel exceeds half of the largest value that it can have.

    Values may be 0 and 1, or have 8 or 16 bits.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not an image, or its end is missing.
    """
    return decode_mask(file_bytes(file), Path(file))


def file_bytes(file: str | Path) -> bytes:
    """The content of an image file.

    Raises:
        MissingFileError: If there is no such file.
    """
    if not Path(file).is_file():
        raise MissingFileError(f"no such image: {file}")
    return Path(file).read_bytes()


def decode_image(data: bytes, file: Path, checked: bool = False) -> NDArray[np.uint8]:
    """:func:`read_image` for the content of a file that was read before; ``file`` is named in messages.

    Args:
        data: The content.
        file: Where it came from.
        checked: Whether this very content has been decoded before, which saves half of the time.

    Raises:
        DataError: If it is not an image, or its end is missing.
    """
    return _to_8_bits(_decoded(data, file, cv2.IMREAD_COLOR_RGB, checked), file, _DEPTHS[1:])


def decode_mask(data: bytes, file: Path, checked: bool = False) -> NDArray[np.bool_]:
    """:func:`read_mask` for the content of a file that was read before; arguments as those of :func:`decode_image`.

    Raises:
        DataError: If it is not an image, or its end is missing.
    """
    return _to_8_bits(_decoded(data, file, cv2.IMREAD_GRAYSCALE, checked), file, _DEPTHS) > 127


def _decoded(data: bytes, file: Path, flags: int, checked: bool) -> NDArray[np.uint8 | np.uint16]:
    if not checked:
        _check(file, data)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | _UNCHANGED)
    if image is None or image.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{file}: not an image of 8 or 16 bits that can be read")
    return np.asarray(image)


def _check(file: Path, data: bytes) -> None:
    """Reject files that end early, whose missing part OpenCV would fill with grey, and report orientation flags."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(_ORIENTATION, 1)
            if image.format == "JPEG":
                image.draft("L", (1, 1))  # an eighth of the size: decoded for the sake of errors alone
                image.load()
            known = image.format
    except UnidentifiedImageError as error:
        raise DataError(f"{file}: not an image that can be read") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{file}: not a whole image: {error}") from error
    if orientation == 1:
        return
    if known == "TIFF":
        raise DataError(f"{file}: a TIFF with orientation {orientation}, which decoders apply; save it without the tag")
    warnings.warn(
        f"{file.parent}: images have EXIF orientation {orientation}, which is ignored: intrinsics belong to the image "
        "as the sensor recorded it",
        DataWarning,
        stacklevel=5,
    )


def _to_8_bits(image: NDArray[np.uint8 | np.uint16], file: Path, depths: tuple[int, ...]) -> NDArray[np.uint8]:
    """The image in 8 bits; the depth of its values is the smallest one that holds their maximum."""
    largest = int(image.max(initial=0))
    if image.dtype == np.uint8 and (depths[0] == 8 or largest > 1):
        return np.asarray(image, dtype=np.uint8)
    bits = next(bits for bits in depths if largest < 2**bits)
    if bits > 8:
        warnings.warn(
            f"{file.parent}: images of 16 bits have values of {bits} bits: {2**bits - 1} becomes 255",
            DataWarning,
            stacklevel=4,
        )
    return np.round(image * (255.0 / (2**bits - 1))).astype(np.uint8)
