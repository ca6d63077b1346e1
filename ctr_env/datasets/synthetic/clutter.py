"""Painted clutter: polygons, boxes, ellipses, cables and arm-like chains, with shading and texture."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_shape", "fractal_noise", "paint_clutter"]

Canvas = NDArray[np.uint8]

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_ONE = 1 << _SHIFT


def paint_clutter(canvas: Canvas, rng: np.random.Generator, count: int, size: float = 1.0) -> NDArray[np.uint8]:
    """Paint random objects over an image, in place.

    Args:
        canvas: ``(H, W, 3)`` uint8 RGB.
        rng: Source of randomness.
        count: Number of objects.
        size: Scale of the objects; at 1 their extent is 8 % to 45 % of the image height.

    Returns:
        ``(H, W)`` uint8 coverage of what was painted, 0 to 255.
    """
    height, width = canvas.shape[:2]
    covered = np.zeros((height, width), np.uint8)
    for _ in range(count):
        shape = np.zeros((height, width), np.uint8)
        extent = size * height * float(np.exp(rng.uniform(np.log(0.08), np.log(0.45))))
        centre = rng.uniform(-0.05, 1.05, 2) * (width, height)
        shading = _SHAPES[rng.integers(len(_SHAPES))](shape, centre, extent, rng)
        fill_shape(canvas, shape, shading, rng)
        np.maximum(covered, shape, out=covered)
    return covered


def fractal_noise(height: int, width: int, rng: np.random.Generator, octaves: int = 6) -> NDArray[np.float32]:
    """``(height, width)`` noise with ``octaves`` spatial frequencies, scaled to 0 to 1."""
    noise = np.zeros((height, width), np.float32)
    persistence = rng.uniform(0.4, 0.9)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        coarse = rng.random((cells + 1, int(cells * width / height) + 2), np.float32)
        noise += persistence**octave * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noise -= noise.min()
    return noise / max(float(noise.max()), 1e-6)


def random_colour(rng: np.random.Generator) -> NDArray[np.float32]:
    """``(3,)`` random RGB colour, 0 to 255: nearly grey with probability 1/2, as in laboratories, else uniform."""
    grey = np.full(3, rng.choice([rng.uniform(0, 50), rng.uniform(60, 200), rng.uniform(200, 255)]))
    if rng.random() < 0.5:
        return (grey + rng.normal(0, 4, 3)).clip(0, 255).astype(np.float32)
    return rng.uniform(0, 255, 3).astype(np.float32)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(np.asarray(points) * _ONE).clip(-(1 << 24), 1 << 24).astype(np.int32)


def _polygon(shape: Canvas, centre: NDArray, extent: float, rng: np.random.Generator) -> float:
    corners = rng.integers(3, 8)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = extent * rng.uniform(0.4, 1.0, corners)
    points = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cv2.fillPoly(shape, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
    return 0.0


def _box(shape: Canvas, centre: NDArray, extent: float, rng: np.random.Generator) -> float:
    half = extent * rng.uniform(0.15, 1.0, 2)
    turn = rng.choice([0.0, rng.normal(0, 0.1), rng.uniform(0, np.pi)])
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = centre + (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half) @ axes
    cv2.fillConvexPoly(shape, _fixed(points), 255, cv2.LINE_AA, _SHIFT)
    return 0.0


def _ellipse(shape: Canvas, centre: NDArray, extent: float, rng: np.random.Generator) -> float:
    axes = _fixed(extent * rng.uniform(0.2, 0.8, 2))
    place = _fixed(centre)
    cv2.ellipse(
        shape, (int(place[0]), int(place[1])), (int(axes[0]), int(axes[1])), rng.uniform(0, 180), 0, 360, 255, -1,
        cv2.LINE_AA, _SHIFT,
    )  # fmt: skip
    return 0.6


def _cable(shape: Canvas, centre: NDArray, extent: float, rng: np.random.Generator) -> float:
    heading, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.25)
    turns = heading + np.cumsum(bend + rng.normal(0, 0.1, 24))
    steps = extent * 0.2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    thickness = max(1, round(extent * rng.uniform(0.01, 0.06)))
    cv2.polylines(shape, [_fixed(centre + np.cumsum(steps, axis=0))], False, 255, thickness, cv2.LINE_AA, _SHIFT)
    return 0.3


def _arm(shape: Canvas, centre: NDArray, extent: float, rng: np.random.Generator) -> float:
    """A chain of capsules and discs that resembles a distant robot arm."""
    point, heading = centre, rng.uniform(0, 2 * np.pi)
    width = extent * rng.uniform(0.12, 0.35)
    for _ in range(rng.integers(1, 5)):
        heading += rng.normal(0, 0.8)
        end = point + extent * rng.uniform(0.4, 1.0) * np.array([np.cos(heading), np.sin(heading)])
        a, b = _fixed(point), _fixed(end)
        cv2.line(shape, tuple(a.tolist()), tuple(b.tolist()), 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
        radius = int(width * rng.uniform(0.5, 0.8) * _ONE)
        cv2.circle(shape, tuple(b.tolist()), radius, 255, -1, cv2.LINE_AA, _SHIFT)
        point, width = end, width * rng.uniform(0.75, 1.0)
    return 0.8


_SHAPES: tuple[Callable[[Canvas, NDArray, float, np.random.Generator], float], ...] = (
    _polygon,
    _box,
    _box,
    _ellipse,
    _cable,
    _arm,
    _arm,
)


def fill_shape(canvas: Canvas, shape: Canvas, roundness: float, rng: np.random.Generator) -> None:
    """Colour a shape, in place: base colour, directional light, shading towards its edges, noise or stripes.

    Args:
        canvas: ``(H, W, 3)`` uint8 RGB.
        shape: ``(H, W)`` uint8 coverage.
        roundness: How much darker the edges are, 0 to 1.
        rng: Source of randomness.
    """
    x, y, w, h = cv2.boundingRect(shape)
    if w == 0 or h == 0:
        return
    part = np.s_[y : y + h, x : x + w]
    alpha = shape[part].astype(np.float32)[..., None] / 255.0
    light = np.ones((h, w), np.float32)
    across = np.linspace(-1, 1, w, dtype=np.float32)[None, :] * rng.normal(0, 0.25)
    down = np.linspace(-1, 1, h, dtype=np.float32)[:, None] * rng.normal(0, 0.25)
    light += across + down
    if roundness > 0.0 and rng.random() < 0.8:
        depth = cv2.distanceTransform(cv2.copyMakeBorder(shape[part], 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
        depth = depth[1:-1, 1:-1]
        dome = np.sqrt(np.clip(depth / max(float(depth.max()), 1.0), 0.0, 1.0))
        light *= 1.0 - roundness * (1.0 - dome)
    colour = light[..., None] * random_colour(rng)
    kind = rng.random()
    if kind < 0.35:
        colour = colour + rng.uniform(10, 70) * (fractal_noise(h, w, rng, 5)[..., None] - 0.5)
    elif kind < 0.5:
        direction, period = rng.uniform(0, np.pi), rng.uniform(3, 30)
        rows, columns = np.mgrid[0:h, 0:w].astype(np.float32)
        stripes = np.sign(np.sin((columns * np.cos(direction) + rows * np.sin(direction)) * 2 * np.pi / period))
        colour = np.where(stripes[..., None] > 0, colour, light[..., None] * random_colour(rng))
    blended = canvas[part] * (1.0 - alpha) + colour * alpha
    canvas[part] = blended.clip(0, 255).astype(np.uint8)
