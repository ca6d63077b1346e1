"""Random camera effects of training images: blur, few pixels, exposure, low light, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["degraded"]

_LOW_LIGHT_SHARE = 0.08
_FEWEST_PIXELS = 0.35  # of the input's width: 90 of 256 pixels


def degraded(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """An ``(h, w, 3)`` uint8 image with camera effects."""
    image = _blurred(image, rng)
    values = image.astype(np.float32)
    if rng.random() < 0.7:
        values = 255.0 * (values / 255.0) ** np.float32(np.exp(rng.normal(0, 0.2)))
        values *= (2.0 ** rng.normal(0, 0.35)) * np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    if rng.random() < 0.2:  # less saturation
        values += rng.uniform(0.1, 0.9) * (values.mean(axis=2, keepdims=True) - values)
    if rng.random() < _LOW_LIGHT_SHARE:
        values = _in_low_light(values, rng)
    elif rng.random() < 0.6:
        values += rng.uniform(0, 8) * rng.standard_normal(values.shape, np.float32)
    image = values.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        image = np.asarray(cv2.imdecode(code, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
    return image


def _blurred(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    kind = rng.random()
    if kind < 0.3:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.3)), dtype=np.uint8)
    if kind < 0.4:
        return _motion_blurred(image, int(rng.integers(2, 6)), rng.uniform(0, np.pi))
    if kind < 0.5:  # upsampled from fewer pixels
        height, width = image.shape[:2]
        factor = rng.uniform(_FEWEST_PIXELS, 0.9)
        small = cv2.resize(image, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return image


def _in_low_light(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Values of a sensor that counts few photons: shot noise and coarse read noise, the colours weak."""
    photons = float(np.exp(rng.uniform(np.log(15.0), np.log(150.0))))  # of a white pixel
    counted = rng.poisson(values.clip(0, 255) / 255.0 * photons).astype(np.float32) / photons
    noise = rng.normal(0.0, rng.uniform(0.0, 0.03), values.shape[:2])[..., None]
    seen = counted + noise.astype(np.float32)
    seen += rng.uniform(0.0, 0.7) * (seen.mean(axis=2, keepdims=True) - seen)
    return np.asarray(255.0 * rng.uniform(0.35, 1.0) * seen, dtype=np.float32)


def _motion_blurred(image: NDArray[np.uint8], length: int, angle: float) -> NDArray[np.uint8]:
    side = 2 * length + 1
    kernel = np.zeros((side, side), np.float32)
    reach = 0.5 * length * np.array([np.cos(angle), np.sin(angle)])
    a, b = length - reach, length + reach
    cv2.line(kernel, tuple(np.round(a).astype(int).tolist()), tuple(np.round(b).astype(int).tolist()), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.uint8)
