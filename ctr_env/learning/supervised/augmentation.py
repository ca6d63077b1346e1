"""Augmentation of rendered frames: sensor, crop, background, appearance, occluders, camera effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.datasets.synthetic.clutter import paint_clutter
from ctr_env.datasets.synthetic.painting import link_places, paint_image
from ctr_env.estimators.ctrnet.cropping import BORDER, Crop, crop_image, opencv_affine

from .camera_effects import degraded
from .distractors import paint_person, paste_robot
from .rendered_frame import RenderedFrame, random_sensor
from .robot_surface import relit, worn
from .views import draw_pass_input

__all__ = ["Example", "augmented"]

_SENSOR_SHARE = 0.3
_WORN_SHARE, _RELIGHT_SHARE = 0.4, 0.5
_BACKGROUND_SHARE = 0.6
_SECOND_ARM_SHARE, _PERSON_SHARE, _PAINTED_SHARE = 0.1, 0.12, 0.4
_SMALLER = 0.6  # extent of a second arm relative to this one's, where no prior tells them apart
_OCCLUDER_SHARE = 0.35
_NEAR_MASK = np.ones((5, 5), np.uint8)  # points on a silhouette's edge count as seen
_PAINTED = {  # number of objects of each kind, one of these as often as another
    "painted.background": (0, 0, 2, 5),
    "painted.windows": (0, 0, 1, 2),
    "painted.markers": (0, 1, 2),
    "painted.attachments": (0, 1, 1, 2, 3),
    "painted.foreground": (0, 0, 0, 1),
    "painted.glare": (0.0, 0.1, 0.3),
}


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
        lens: ``(2, 3)`` float32 affine map from normalised camera coordinates (x/z, y/z), with the lens's
            distortion, to the input's pixels.
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
    frame: RenderedFrame,
    chain: int,
    size: tuple[int, int],
    backgrounds: Backgrounds | None,
    rng: np.random.Generator,
    another: Callable[[], RenderedFrame] | None = None,
) -> Example:
    """A randomly augmented example of a frame.

    Args:
        frame: The rendering.
        chain: Number of keypoints along the kinematic chain, which come first among the points.
        size: Width and height of the network's input, pixels.
        backgrounds: Images to put behind the robot; ``None`` for images whose mask is not exact enough to replace the
            background, or to change the robot's appearance.
        rng: Source of all randomness.
        another: Makes a frame whose robot may stand beside this one; ``None``: no second robot.
    """
    if backgrounds is not None and rng.random() < _SENSOR_SHARE:
        frame = random_sensor(frame, rng)
    crop, prior = draw_pass_input(frame.points, chain, frame.camera, size, frame.quarter_turns, rng)
    image = crop_image(frame.image, crop)
    alpha = crop_image(frame.mask, crop, border=0)
    if backgrounds is not None:
        image = _with_appearance(image, alpha, backgrounds, rng)
        if another is not None and rng.random() < _SECOND_ARM_SHARE:
            # without a prior nothing but its size tells which robot is meant
            largest = 1.0 if prior.any() else _SMALLER * _extent(alpha)
            image, cover = paste_robot(image, alpha, another(), largest, rng)
            alpha = _without(alpha, cover)
        if rng.random() < _PAINTED_SHARE:
            image, cover = paint_image(image, alpha, _crop_links(frame, chain, crop), _objects(rng), rng)
            alpha = _without(alpha, cover)
        if rng.random() < _PERSON_SHARE:
            image = np.array(image)
            alpha = _without(alpha, paint_person(image, rng))
    if rng.random() < _OCCLUDER_SHARE:
        cover = paint_clutter(image, rng, int(rng.integers(1, 5)), size=0.6)
        alpha = _without(alpha, cover)
    return _labelled(frame, crop, degraded(image, rng), prior, alpha)


def _with_appearance(
    image: NDArray[np.uint8], alpha: NDArray[np.uint8], backgrounds: Backgrounds, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The image with another surface of the robot, light on it, and background, each at random."""
    if rng.random() < _WORN_SHARE:
        image = worn(image, alpha, rng)
    if rng.random() < _RELIGHT_SHARE:
        image = relit(image, alpha, rng)
    if rng.random() < _BACKGROUND_SHARE:
        soft = alpha.astype(np.float32)[..., None] / 255.0
        height, width = alpha.shape
        image = (image * soft + backgrounds.draw(width, height, rng) * (1.0 - soft)).astype(np.uint8)
    return image


def _extent(alpha: NDArray[np.uint8]) -> float:
    """Extent of the robot as a share of the input, in width or height: the larger one."""
    _, _, width, height = cv2.boundingRect((alpha > 127).astype(np.uint8))
    return max(width / alpha.shape[1], height / alpha.shape[0], 0.05)


def _objects(rng: np.random.Generator) -> dict[str, float]:
    return {name: float(rng.choice(counts)) for name, counts in _PAINTED.items()}


def _crop_links(frame: RenderedFrame, chain: int, crop: Crop) -> NDArray[np.float64]:
    """``(N, 3)`` places along the arm, in pixels of the input."""
    links = link_places(frame.points[:chain], frame.camera)
    return np.column_stack([crop.forward(links[:, :2]), crop.scale * links[:, 2]])


def _without(alpha: NDArray[np.uint8], cover: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (alpha * (1.0 - cover / 255.0)).astype(np.uint8)


def _labelled(
    frame: RenderedFrame, crop: Crop, image: NDArray[np.uint8], prior: NDArray[np.uint8], alpha: NDArray[np.uint8]
) -> Example:
    """The example of an input whose visible robot is ``alpha``."""
    outside = _outside(frame, crop)
    alpha = np.where(outside, 0, alpha).astype(np.uint8)
    image[outside] = BORDER
    # rounded before the comparison: a point just inside in double precision may be outside in single precision
    pixels = crop.forward(frame.camera.project(frame.points)).astype(np.float32)
    with np.errstate(invalid="ignore"):
        inside = np.asarray(np.all((pixels > 0) & (pixels < crop.size), axis=1))
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
    inside = np.ones(frame.mask.shape, np.uint8)
    return np.asarray(cv2.warpAffine(inside, opencv_affine(crop.matrix), crop.size, flags=cv2.INTER_NEAREST) == 0)
