"""Effects of a camera's sensor and codec on an image: exposure, white balance, vignette, noise, JPEG.

Between exposure and digitisation, values are 16-bit integers in units of 1/32 level: precise enough for faint noise,
and with a head-room of two stops above white, so that noise does not darken what is overexposed.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ctr_env.errors import DataError

__all__ = ["add_noise", "compress", "digitise", "expose"]

_UNIT = 32.0
"""Units of an exposed value per level of the image."""
_FALL_OFF_UNIT = 1 << 14


def expose(image: NDArray[np.uint8], gains: tuple[float, float, float], vignette: float) -> NDArray[np.int16]:
    """Scale the channels, and darken towards the corners.

    Args:
        image: ``(H, W, 3)`` uint8.
        gains: Factors of red, green and blue.
        vignette: Share of the light that is lost in the corners.

    Returns:
        ``(H, W, 3)`` int16, in 1/32 level; saturated at four times white.
    """
    levels = np.arange(256.0)[:, None] * np.asarray(gains)
    table = np.rint(_UNIT * np.minimum(levels, 1023.0)).astype(np.int16)
    values = np.asarray(cv2.LUT(image, table.reshape(1, 256, 3)), np.int16)
    if vignette > 0:
        fall_off = _fall_off(image.shape[0], image.shape[1], vignette)
        values = np.asarray(cv2.multiply(values, fall_off, scale=1.0 / _FALL_OFF_UNIT), np.int16)
    return values


def add_noise(values: NDArray[np.int16], std: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """Add independent Gaussian noise to every value.

    Each of a value's 65,536 possible errors is as likely as any other: the quantiles of the normal distribution, up to
    4.3 standard deviations. That takes a quarter of the random bits, and a seventh of the time, of drawing floats.

    Args:
        values: ``(H, W, 3)`` int16, in 1/32 level.
        std: Standard deviation, as a share of 255 levels.
        rng: Source of the noise.
    """
    draws = rng.integers(0, 2**64, size=-(-values.size // 4), dtype=np.uint64)
    index = draws.view("<u2")[: values.size]
    return np.asarray(cv2.add(values, np.take(_quantiles(std), index).reshape(values.shape)), np.int16)


def digitise(values: NDArray[np.int16]) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8 levels of values in 1/32 level, clipped to what the sensor records."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0), alpha=1.0 / _UNIT), np.uint8)


def compress(image: NDArray[np.uint8], quality: float) -> NDArray[np.uint8]:
    """Encode as JPEG, with colours at half the resolution as cameras do, and decode.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        quality: Quality of the encoder, rounded to 1 to 100.

    Raises:
        DataError: If OpenCV was built without JPEG.
    """
    settings = [
        *(cv2.IMWRITE_JPEG_QUALITY, int(np.clip(round(quality), 1, 100))),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
    ]
    done, code = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise DataError(f"OpenCV {cv2.__version__} did not encode an image as JPEG")
    decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


@lru_cache(maxsize=8)
def _quantiles(std: float) -> NDArray[np.int16]:
    """``(65536,)`` noise in 1/32 level: the middle quantiles of a normal distribution with this variance."""
    normal = ndtri((np.arange(65536) + 0.5) / 65536)
    values = np.rint(255.0 * _UNIT * std / normal.std() * normal)
    return np.clip(values, -32768, 32767).astype(np.int16)


@lru_cache(maxsize=8)
def _fall_off(height: int, width: int, vignette: float) -> NDArray[np.int16]:
    """``(H, W, 3)`` share of the light that reaches each pixel, in 1/16384."""
    y, x = np.linspace(-1.0, 1.0, height)[:, None], np.linspace(-1.0, 1.0, width)
    share = 1.0 - 0.5 * vignette * (x**2 + y**2)
    return np.repeat(np.rint(_FALL_OFF_UNIT * share).astype(np.int16)[..., None], 3, axis=2)
