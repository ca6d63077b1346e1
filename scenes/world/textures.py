"""Procedural textures for floors, walls and clutter, identical in every process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.runs.configuration import require_choice

__all__ = ["TEXTURES", "texture"]

TEXTURES = (
    "plain",
    "speckle",
    "checker",
    "planks",
    "brick",
    "clouds",
    "stripes",
    "marble",
    "weave",
    "concrete",
)
"""Names of the textures; drawn values of ``*.texture`` fields are indices into this tuple."""

_SEED = 20230227


def texture(name: str, size: int = 256) -> NDArray[np.uint8]:
    """A seamlessly tiling texture.

    Args:
        name: One of :data:`TEXTURES`.
        size: Side, pixels.

    Returns:
        ``(size, size, 3)`` uint8, light grey on average, as the colour of a surface multiplies it.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    require_choice("texture", name, TEXTURES)
    rng = np.random.default_rng([_SEED, TEXTURES.index(name)])
    y, x = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    value = _PATTERNS[name](x / size, y / size, rng)
    grain = 0.03 * rng.standard_normal((size, size)) if name != "plain" else 0.0
    grey = np.clip(0.82 + 0.18 * value + grain, 0.0, 1.0)
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)


def _noise(x: NDArray, rng: np.random.Generator, octaves: int = 6, roughness: float = 0.55) -> NDArray:
    """Tiling fractal noise in [-1, 1], synthesised in the frequency domain."""
    size = x.shape[0]
    fy, fx = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size, indexing="ij")
    radius = np.hypot(fx, fy)
    amplitude = np.where((radius > 0) & (radius < 2.0**octaves), np.maximum(radius, 1.0) ** (-1.0 - roughness), 0.0)
    spectrum = amplitude * np.exp(2j * np.pi * rng.random((size, size)))
    field = np.fft.ifft2(spectrum).real
    return np.clip(field / (2.0 * field.std()), -1.0, 1.0)


def _planks(x: NDArray, y: NDArray, rng: np.random.Generator) -> NDArray:
    row = np.floor(y * 6).astype(int)
    tone = rng.uniform(-0.8, 0.5, 6)[row]
    grain = np.sin(2 * np.pi * (12 * y + 2 * _noise(x, rng, 3)))
    return np.where((y * 6) % 1.0 < 0.04, -2.5, tone + 0.4 * grain)


def _brick(x: NDArray, y: NDArray, rng: np.random.Generator) -> NDArray:
    row = np.floor(y * 8).astype(int)
    column = np.floor(x * 4 + 0.5 * (row % 2)).astype(int) % 4
    joint = ((y * 8) % 1.0 < 0.1) | ((x * 4 + 0.5 * (row % 2)) % 1.0 < 0.05)
    return np.where(joint, 0.6, rng.uniform(-1.6, -0.2, (8, 4))[row, column])


_PATTERNS = {
    "plain": lambda x, y, rng: np.zeros_like(x),
    "speckle": lambda x, y, rng: np.where(rng.random(x.shape) < 0.12, -2.0, 0.3),
    "checker": lambda x, y, rng: np.where((np.floor(x * 8) + np.floor(y * 8)) % 2 == 0, 0.6, -1.6),
    "planks": _planks,
    "brick": _brick,
    "clouds": lambda x, y, rng: 1.6 * _noise(x, rng),
    "stripes": lambda x, y, rng: np.where((x * 10) % 1.0 < 0.5, 0.5, -1.2),
    "marble": lambda x, y, rng: 1.2 * np.sin(2 * np.pi * (3 * x + 3 * y + 1.2 * _noise(x, rng))),
    "weave": lambda x, y, rng: 1.2 * np.sin(2 * np.pi * 24 * x) * np.sin(2 * np.pi * 24 * y),
    "concrete": lambda x, y, rng: 0.8 * _noise(x, rng, 8, 0.2) - 0.3,
}
