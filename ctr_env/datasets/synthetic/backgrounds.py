"""Backgrounds: photographs and panoramas of a user, and procedural ones, with clutter painted over them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError

from .clutter import fractal_noise, paint_clutter, random_colour

__all__ = ["Backgrounds"]

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_LONGEST = 2048  # pixels: longer photographs are reduced
_PANORAMA_ASPECT = (1.95, 2.05)


class Backgrounds:
    """Draws background images.

    Images twice as wide as high are treated as equirectangular panoramas and projected into a virtual camera; the
    others are cropped. They alternate with procedural backgrounds: noise at all scales, walls, mosaics. Most
    backgrounds get clutter painted over them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Load a folder's images (none: only procedural backgrounds).

        Raises:
            MissingFileError: If the folder does not exist or contains no image.
            DataError: If an image cannot be read.
        """
        self._photographs: list[NDArray[np.uint8]] = []
        if folder is None:
            return
        files = sorted(f for f in folder.glob("**/*") if f.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
        if not files:
            raise MissingFileError(f"no images ({', '.join(_SUFFIXES)}) in the background folder {folder}")
        self._photographs = [_load(file) for file in files]

    def draw(self, width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """``(height, width, 3)`` uint8 RGB background."""
        if self._photographs and rng.random() < 0.6:
            photograph = self._photographs[rng.integers(len(self._photographs))]
            low, high = _PANORAMA_ASPECT
            panorama = low < photograph.shape[1] / photograph.shape[0] < high
            image = (
                _perspective_view(photograph, width, height, rng) if panorama else _crop(photograph, width, height, rng)
            )
            gain = rng.uniform(0.6, 1.4, 3) ** rng.choice([0.3, 1.0])
            image = (image * gain).clip(0, 255).astype(np.uint8)
        else:
            image = _procedural(width, height, rng)
        if rng.random() < 0.85:
            paint_clutter(image, rng, int(rng.integers(2, 20)))
        return image

    def behind(self, image: NDArray[np.uint8], mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Replace everything outside the robot mask by a background.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            mask: ``(H, W)`` bool, true on the robot.
            rng: Source of randomness.
        """
        height, width = mask.shape
        background = self.draw(width, height, rng)
        soft = cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0.6)[..., None]
        return np.asarray(image * soft + background * (1.0 - soft)).round().astype(np.uint8)


def _load(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise DataError(f"{file} is not a readable image")
    scale = _LONGEST / max(image.shape[:2])
    if scale < 1.0:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(image, dtype=np.uint8)


def _crop(photograph: NDArray[np.uint8], width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    rows, columns = photograph.shape[:2]
    largest = min(columns / width, rows / height)
    scale = largest * rng.uniform(0.4, 1.0)
    w, h = max(1, int(width * scale)), max(1, int(height * scale))
    x, y = rng.integers(columns - w + 1), rng.integers(rows - h + 1)
    part = photograph[y : y + h, x : x + w]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR))


def _perspective_view(
    panorama: NDArray[np.uint8], width: int, height: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Perspective view of an equirectangular panorama with uniform heading and small random pitch."""
    rows, columns = panorama.shape[:2]
    focal = 0.5 * width / np.tan(0.5 * rng.uniform(0.7, 1.8))
    u, v = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    pitch, heading = rng.normal(0.15, 0.25), rng.uniform(0, 2 * np.pi)
    y = v * np.cos(pitch) + focal * np.sin(pitch)
    z = -v * np.sin(pitch) + focal * np.cos(pitch)
    longitude = (np.arctan2(u, z) + heading) % (2 * np.pi)
    latitude = np.arctan2(y, np.hypot(u, z))
    x_map = (longitude / (2 * np.pi) * columns - 0.5).astype(np.float32)
    y_map = ((latitude / np.pi + 0.5) * rows - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(panorama, x_map, y_map, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _procedural(width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    kind = rng.integers(3)
    if kind == 0:  # noise between two colours, equal or different in the three channels
        noise = np.stack([fractal_noise(height, width, rng)] * 3, axis=-1)
        if rng.random() < 0.5:
            noise = np.stack([fractal_noise(height, width, rng) for _ in range(3)], axis=-1)
        a, b = random_colour(rng), random_colour(rng)
        image = a + (b - a) * noise
    elif kind == 1:  # wall and floor under a horizontal light gradient
        image = np.empty((height, width, 3), np.float32)
        edge = int(height * rng.uniform(0.2, 0.9))
        image[:edge], image[edge:] = random_colour(rng), random_colour(rng)
        fall = 1.0 + rng.normal(0, 0.25) * np.linspace(-1, 1, width, dtype=np.float32)
        grain = rng.uniform(0, 60) * (fractal_noise(height, width, rng, 7) - 0.5)
        image = image * fall[None, :, None] + grain[..., None]
    else:  # a mosaic
        cells = rng.integers(2, 24)
        coarse = np.stack([random_colour(rng) for _ in range(cells * cells)]).reshape(cells, cells, 3)
        way = cv2.INTER_NEAREST if rng.random() < 0.7 else cv2.INTER_LINEAR
        image = cv2.resize(coarse, (width, height), interpolation=way)
        image = image + rng.uniform(0, 60) * (fractal_noise(height, width, rng)[..., None] - 0.5)
    return np.asarray(image).clip(0, 255).astype(np.uint8)
