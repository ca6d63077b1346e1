"""Augmentation of rendered frames: crop, background, light, occluders, camera effects."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.datasets.synthetic.clutter import fractal_noise, paint_clutter
from ctr_env.estimators.ctrnet.cropping import BORDER, Crop, crop_image
from ctr_env.geometry import PinholeCamera

from .views import draw_pass_input

__all__ = ["Example", "RenderedFrame", "augmented"]

_BACKGROUND_SHARE = 0.6
_RELIGHT_SHARE = 0.5
_OCCLUDER_SHARE = 0.35
_NEAR_MASK = np.ones((5, 5), np.uint8)  # points on a silhouette's edge count as seen


@dataclass(frozen=True)
class RenderedFrame:
    """A clean rendering with its labels.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` uint8, 255 on the robot.
        points: ``(K, 3)`` the network's points in the camera frame, metres; those along the kinematic chain first.
        camera: Intrinsics of the image.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    points: NDArray[np.float64]
    camera: PinholeCamera


@dataclass(frozen=True)
class Example:
    """One training example at the network's size.

    Attributes:
        image: ``(h, w, 3)`` uint8 RGB.
        prior: ``(h, w, 3)`` uint8 rendered pose prior; black without one.
        mask: ``(h, w)`` uint8, 255 on the visible robot.
        pixels: ``(K, 2)`` float32 points in the input; zero where ``inside`` is false.
        inside: ``(K,)`` bool, whether the point falls inside the input.
        seen: ``(K,)`` bool, whether the image shows the robot there and no occluder.
        points: ``(K, 3)`` float32 the points in the camera frame, metres.
        lens: ``(2, 3)`` float32 affine map from normalised camera coordinates (x/z, y/z) to the input's pixels.
    """

    image: NDArray[np.uint8]
    prior: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    pixels: NDArray[np.float32]
    inside: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    points: NDArray[np.float32]
    lens: NDArray[np.float32]


def augmented(
    frame: RenderedFrame, chain: int, size: tuple[int, int], backgrounds: Backgrounds | None, rng: np.random.Generator
) -> Example:
    """A randomly augmented example of a frame.

    Args:
        frame: The rendering.
        chain: Number of keypoints along the kinematic chain, which come first among the points.
        size: Width and height of the network's input, pixels.
        backgrounds: Images to put behind the robot; ``None`` for images whose mask is not exact enough to replace the
            background or the light on the robot.
        rng: Source of all randomness.
    """
    crop, prior = draw_pass_input(frame.points, chain, frame.camera, size, rng)
    image = crop_image(frame.image, crop)
    alpha = crop_image(frame.mask, crop, border=0)
    if backgrounds is not None and rng.random() < _RELIGHT_SHARE:
        image = _relit(image, alpha, rng)
    if backgrounds is not None and rng.random() < _BACKGROUND_SHARE:
        soft = alpha.astype(np.float32)[..., None] / 255.0
        image = (image * soft + backgrounds.draw(*size, rng) * (1.0 - soft)).astype(np.uint8)
    if rng.random() < _OCCLUDER_SHARE:
        cover = paint_clutter(image, rng, int(rng.integers(1, 5)), size=0.6)
        alpha = (alpha * (1.0 - cover / 255.0)).astype(np.uint8)
    outside = _outside(frame, crop)
    image, alpha = degraded(image, rng), np.where(outside, 0, alpha).astype(np.uint8)
    image[outside] = BORDER
    # rounded before the comparison: a point just inside in double precision may be outside in single precision
    pixels = crop.forward(frame.camera.project(frame.points)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        inside = np.asarray(np.all((pixels > 0) & (pixels < size), axis=1))
    pixels = np.where(inside[:, None], pixels, np.float32(0.0))
    near = cv2.dilate(alpha, _NEAR_MASK)
    columns, rows = pixels.astype(int).T
    seen = inside & (near[rows, columns] > 127)
    lens = crop.matrix @ np.diag([frame.camera.fx, frame.camera.fy, 1.0])
    lens[:, 2] += crop.matrix[:, :2] @ (frame.camera.cx, frame.camera.cy)
    image, points = np.ascontiguousarray(image), frame.points.astype(np.float32)
    return Example(image, prior, alpha, pixels, inside, seen, points, lens.astype(np.float32))


def _outside(frame: RenderedFrame, crop: Crop) -> NDArray[np.bool_]:
    """``(h, w)`` pixels of the input that lie outside the image."""
    height, width = frame.mask.shape
    columns, rows = np.meshgrid(np.arange(crop.size[0]) + 0.5, np.arange(crop.size[1]) + 0.5)
    places = crop.backward(np.stack([columns, rows], axis=-1))
    return np.asarray(np.any((places < 0) | (places > (width, height)), axis=-1))


def _relit(image: NDArray[np.uint8], alpha: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The image with another brightness, tint and soft shadow on the robot alone."""
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


def degraded(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """An image with camera effects: blur, exposure, white balance, noise, compression."""
    kind = rng.random()
    if kind < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.3)), dtype=np.uint8)
    elif kind < 0.4:
        image = _motion_blurred(image, int(rng.integers(2, 6)), rng.uniform(0, np.pi))
    elif kind < 0.5:  # upsampled from fewer pixels
        height, width = image.shape[:2]
        factor = rng.uniform(0.4, 0.9)
        small = cv2.resize(image, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    values = image.astype(np.float32)
    if rng.random() < 0.7:
        values = 255.0 * (values / 255.0) ** np.float32(np.exp(rng.normal(0, 0.2)))
        values *= (2.0 ** rng.normal(0, 0.35)) * np.exp(rng.normal(0, 0.07, 3)).astype(np.float32)
    if rng.random() < 0.2:  # less saturation
        values += rng.uniform(0.1, 0.9) * (values.mean(axis=2, keepdims=True) - values)
    if rng.random() < 0.6:
        values += rng.uniform(0, 8) * rng.standard_normal(values.shape, np.float32)
    image = values.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        image = np.asarray(cv2.imdecode(code, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
    return image


def _motion_blurred(image: NDArray[np.uint8], length: int, angle: float) -> NDArray[np.uint8]:
    side = 2 * length + 1
    kernel = np.zeros((side, side), np.float32)
    reach = 0.5 * length * np.array([np.cos(angle), np.sin(angle)])
    a, b = length - reach, length + reach
    cv2.line(kernel, tuple(np.round(a).astype(int).tolist()), tuple(np.round(b).astype(int).tolist()), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.uint8)
