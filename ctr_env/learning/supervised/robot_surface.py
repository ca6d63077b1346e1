"""Random appearance of the robot in training images: light, colour, wear, stickers, gloss."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.synthetic.clutter import fractal_noise, random_colour

__all__ = ["relit", "worn"]

Image = NDArray[np.uint8]

_RECOLOURED, _DIRTY, _GLOSSY, _LABELLED = 0.15, 0.3, 0.3, 0.2  # shares of worn robots


def relit(image: Image, alpha: Image, rng: np.random.Generator) -> Image:
    """The image with another brightness, tint and soft shadow on the robot alone.

    Args:
        image: ``(h, w, 3)`` uint8 RGB.
        alpha: ``(h, w)`` uint8 coverage by the robot.
        rng: Source of randomness.
    """
    height, width = alpha.shape
    gain = np.exp(rng.normal(0.0, 0.3)) * np.exp(rng.normal(0.0, 0.06, 3))
    field = 1.0 + rng.uniform(0.0, 0.9) * (fractal_noise(height, width, rng, 2) - 0.5)
    if rng.random() < 0.3:  # hard shadow edge
        angle, offset = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.3)
        rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        edge = columns * np.cos(angle) + rows * np.sin(angle) > offset
        field = field * np.where(edge, 1.0, rng.uniform(0.35, 0.8))
    share = (alpha.astype(np.float32) / 255.0)[..., None]
    lit = image * (1.0 + share * (field[..., None] * gain - 1.0))
    return lit.clip(0, 255).astype(np.uint8)


def worn(image: Image, alpha: Image, rng: np.random.Generator) -> Image:
    """The image of a robot that is painted, dirty, glossy or labelled, each at random; its mask is the same.

    Args:
        image: ``(h, w, 3)`` uint8 RGB.
        alpha: ``(h, w)`` uint8 coverage by the robot.
        rng: Source of randomness.
    """
    height, width = alpha.shape
    share = (alpha.astype(np.float32) / 255.0)[..., None]
    robot = image.astype(np.float32)
    if rng.random() < _RECOLOURED:
        grey = robot.mean(axis=2, keepdims=True)
        painted = grey * random_colour(rng) / 255.0 if rng.random() < 0.7 else 255.0 - robot
        robot += rng.uniform(0.3, 1.0) * (painted - robot)
    if rng.random() < _DIRTY:
        grain = fractal_noise(height, width, rng, int(rng.integers(4, 7)))[..., None] - 0.5
        robot *= 1.0 + rng.uniform(0.2, 0.9) * grain
    if rng.random() < _GLOSSY:
        robot += _highlights(height, width, rng)[..., None]
    if rng.random() < _LABELLED:
        _paint_labels(robot, alpha, rng)
    return (image * (1.0 - share) + robot * share).clip(0, 255).astype(np.uint8)


def _highlights(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """``(h, w)`` light of a few blurred streaks."""
    light = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(2, 9)):
        a = rng.uniform(0.0, 1.0, 2) * (width, height)
        b = a + rng.normal(0.0, 0.06, 2) * width
        ends = [tuple(np.round(p).astype(int).tolist()) for p in (a, b)]
        cv2.line(light, ends[0], ends[1], rng.uniform(60, 400), int(rng.integers(1, 5)))
    return np.asarray(cv2.GaussianBlur(light, (0, 0), rng.uniform(0.8, 3.0)), dtype=np.float32)


def _paint_labels(robot: NDArray[np.float32], alpha: Image, rng: np.random.Generator) -> None:
    """Small flat quadrilaterals on the robot, in place."""
    rows, columns = np.nonzero(alpha > 127)
    for _ in range(rng.integers(1, 5) if len(rows) else 0):
        place = rng.integers(len(rows))
        half = alpha.shape[0] * np.exp(rng.uniform(np.log(0.01), np.log(0.06), 2))
        angle = rng.uniform(0, np.pi)
        axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = (
            np.array([columns[place], rows[place]]) + (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half) @ axes
        )
        cv2.fillConvexPoly(robot, np.round(corners).astype(np.int32), random_colour(rng).tolist(), cv2.LINE_AA)
