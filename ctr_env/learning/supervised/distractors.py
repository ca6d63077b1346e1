"""Distractors of training images: hands, people and a second arm of the same kind."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.synthetic.clutter import fill_shape
from ctr_env.estimators.ctrnet.cropping import Crop, crop_around, crop_image

from .rendered_frame import RenderedFrame

__all__ = ["paint_person", "paste_robot"]

Image = NDArray[np.uint8]

_SKIN = ((255, 219, 190), (225, 172, 128), (160, 110, 78), (84, 54, 40))  # RGB
_BEFORE_SHARE = 0.25  # of second arms, the others stand behind


def paint_person(image: Image, rng: np.random.Generator) -> Image:
    """Paint a forearm with a hand, or a person from the shoulders down, in place.

    Args:
        image: ``(h, w, 3)`` uint8 RGB.
        rng: Source of randomness.

    Returns:
        ``(h, w)`` uint8 coverage.
    """
    cover = np.zeros(image.shape[:2], np.uint8)
    if rng.random() < 0.7:
        _paint_hand(image, cover, rng)
    else:
        _paint_body(image, cover, rng)
    return cover


def paste_robot(
    image: Image, alpha: Image, other: RenderedFrame, largest: float, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Paste the robot of another frame beside or before the robot of this one.

    Args:
        image: ``(h, w, 3)`` uint8 RGB.
        alpha: ``(h, w)`` uint8 coverage by this robot.
        other: The other frame.
        largest: Its extent at most: 1 fills the input, in width or height.
        rng: Source of randomness.

    Returns:
        The new image, and ``(h, w)`` uint8 coverage of what now hides this robot.
    """
    hidden = np.zeros_like(alpha)
    rows, columns = np.nonzero(other.mask > 127)
    if len(rows) < 2:
        return image, hidden
    size = (alpha.shape[1], alpha.shape[0])
    whole = crop_around(np.stack([columns, rows], axis=1) + 0.5, size, 1.0)
    shift = rng.uniform(-0.6, 0.6, 2) * size
    scale = whole.scale * largest * rng.uniform(0.4, 1.0)
    crop = Crop(tuple(np.array(whole.centre) + shift / scale), scale, size, float(rng.normal(0.0, 0.15)))
    pasted, cover = crop_image(other.image, crop), crop_image(other.mask, crop, border=0)
    if rng.random() < 0.5:
        pasted, cover = pasted[:, ::-1], cover[:, ::-1]
    if rng.random() < _BEFORE_SHARE:
        hidden = np.ascontiguousarray(cover)
    else:
        cover = (cover * (1.0 - alpha / 255.0)).astype(np.uint8)
    share = cover[..., None].astype(np.float32) / 255.0
    return (image * (1.0 - share) + pasted * share).astype(np.uint8), hidden


def _paint_hand(image: Image, cover: Image, rng: np.random.Generator) -> None:
    height, width = cover.shape
    scale = height * float(np.exp(rng.uniform(np.log(0.05), np.log(0.16))))  # length of the palm
    palm = rng.uniform(0.1, 0.9, 2) * (width, height)
    heading = rng.uniform(0, 2 * np.pi)
    shape = np.zeros_like(cover)
    _bar(shape, palm, palm + 0.45 * scale * _unit(heading), 0.75 * scale)
    for finger in np.linspace(-0.5, 0.5, 4):
        bend = heading + 0.5 * finger + rng.normal(0.0, 0.15)
        root = palm + 0.6 * scale * _unit(heading) + 0.6 * finger * scale * _unit(heading + np.pi / 2)
        _bar(shape, root, root + scale * rng.uniform(0.5, 0.9) * _unit(bend), 0.2 * scale)
    thumb = heading + rng.choice([-1, 1]) * rng.uniform(0.7, 1.3)
    _bar(shape, palm, palm + 0.85 * scale * _unit(thumb), 0.24 * scale)
    sleeve = np.zeros_like(cover)
    wrist = palm - 0.3 * scale * _unit(heading)
    elbow = wrist - scale * rng.uniform(1.5, 4.0) * _unit(heading + rng.normal(0.0, 0.1))
    _bar(shape, palm, wrist - 0.5 * scale * _unit(heading), 0.55 * scale)
    _bar(sleeve, wrist + (elbow - wrist) * rng.uniform(0.1, 0.9), elbow, 0.75 * scale)
    _shade(image, shape, _skin(rng), rng)
    fill_shape(image, sleeve, 0.5, rng)
    np.maximum(cover, np.maximum(shape, sleeve), out=cover)


def _paint_body(image: Image, cover: Image, rng: np.random.Generator) -> None:
    """Torso, legs and arms in clothes, and a head unless the image cuts it off."""
    height, width = cover.shape
    scale = height * rng.uniform(0.15, 0.35)  # width of the shoulders
    shoulders = np.array([rng.uniform(0.0, 1.0) * width, rng.uniform(-0.1, 0.5) * height])
    lean = rng.normal(0.0, 0.1)
    down, across = _unit(np.pi / 2 + lean), _unit(lean)
    torso, legs, head = (np.zeros_like(cover) for _ in range(3))
    hips = shoulders + 1.3 * scale * down
    _bar(torso, shoulders, hips, 0.85 * scale)
    for side in (-1, 1):
        shoulder = shoulders + 0.45 * side * scale * across
        elbow = shoulder + 0.75 * scale * _unit(np.pi / 2 + lean - side * rng.uniform(0.0, 1.2))
        _bar(torso, shoulder, elbow, 0.28 * scale)
        _bar(torso, elbow, elbow + 0.7 * scale * _unit(rng.uniform(0, 2 * np.pi)), 0.22 * scale)
        _bar(
            legs,
            hips + 0.2 * side * scale * across,
            hips + 0.25 * side * scale * across + 2.0 * scale * down,
            0.4 * scale,
        )
    _bar(head, shoulders - 0.45 * scale * down, shoulders - 0.6 * scale * down, 0.5 * scale)
    fill_shape(image, legs, 0.4, rng)
    fill_shape(image, torso, 0.4, rng)
    _shade(image, head, _skin(rng), rng)
    np.maximum(cover, np.maximum(np.maximum(torso, legs), head), out=cover)


def _shade(image: Image, shape: Image, colour: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Fill a shape with one colour that darkens to its edges, in place."""
    depth = cv2.distanceTransform((shape > 127).astype(np.uint8), cv2.DIST_L2, 3)
    light = 0.65 + 0.45 * np.sqrt(depth / max(float(depth.max()), 1.0))
    share = shape[..., None].astype(np.float32) / 255.0
    filled = light[..., None] * colour * rng.uniform(0.5, 1.1)
    image[:] = (image * (1.0 - share) + filled * share).clip(0, 255).astype(np.uint8)


def _skin(rng: np.random.Generator) -> NDArray[np.float32]:
    place = rng.uniform(0, len(_SKIN) - 1)
    first = min(int(place), len(_SKIN) - 2)
    a, b = np.array(_SKIN[first], np.float32), np.array(_SKIN[first + 1], np.float32)
    return np.asarray(a + np.float32(place - first) * (b - a), dtype=np.float32)


def _bar(shape: Image, a: NDArray[np.float64], b: NDArray[np.float64], thickness: float) -> None:
    ends = [tuple(np.round(p).clip(-9999, 9999).astype(int).tolist()) for p in (a, b)]
    cv2.line(shape, ends[0], ends[1], 255, max(1, round(thickness)), cv2.LINE_AA)


def _unit(angle: float) -> NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle)])
