"""Finding a robot in images of which nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame

from .cropping import opencv_affine
from .eye import Eye, Sight, View

__all__ = ["Found", "search"]

_SURE = 0.6  # share of the contour that a pose must explain for the search to end


class Found(NamedTuple):
    """The best look at a image, and the robot's mask ``(H, W)`` float32 from that look and the first one."""

    sight: Sight
    mask: NDArray[np.float32]


def search(eye: Eye, frames: Sequence[Frame], looks: int, contour: bool) -> list[Found]:
    """Look at whole images, then closer, each time led by the last pose.

    With contours, the last look's pose is aligned, and where its contour does not lie on the mask's border the image
    is looked at in other ways until one does: around the aligned pose, without a hint, and as a whole at full size.

    Args:
        eye: What looks.
        frames: N frames.
        looks: Number of looks at a image that makes no trouble.
        contour: Whether poses are aligned with the mask.
    """
    first = eye.look(frames, [eye.glance(frame, small=looks > 1) for frame in frames])
    found = list(first)
    for _ in range(looks - 1):
        views = [eye.closer(frame, sight) for frame, sight in zip(frames, found, strict=True)]
        for i, sight in _looks(eye, frames, dict(enumerate(views))).items():
            if sight.located or not found[i].located:
                found[i] = sight
    if contour:
        found = [eye.aligned(frame, sight) for frame, sight in zip(frames, found, strict=True)]
        for attempt in (_around, _unguided, _whole):
            _try(eye, frames, found, attempt)
    return [Found(sight, _mask(glance, sight)) for glance, sight in zip(first, found, strict=True)]


def _try(
    eye: Eye, frames: Sequence[Frame], found: list[Sight], attempt: Callable[[Eye, Frame, Sight], View | None]
) -> None:
    """Look again, and once more around what that gives, where the contour is not explained; keep what explains it."""
    doubtful = [i for i, sight in enumerate(found) if sight.contour_inlier_ratio < _SURE]
    views = {i: attempt(eye, frames[i], found[i]) for i in doubtful}
    for _ in range(2):
        seen = {i: eye.aligned(frames[i], sight) for i, sight in _looks(eye, frames, views).items()}
        for i, sight in seen.items():
            if sight.contour_inlier_ratio > found[i].contour_inlier_ratio:
                found[i] = sight
        views = {i: eye.around(frames[i], sight.pose) for i, sight in seen.items() if sight.located}


def _looks(eye: Eye, frames: Sequence[Frame], views: dict[int, View | None]) -> dict[int, Sight]:
    """What is seen in those views that there are, by number of the frame."""
    there = {i: view for i, view in views.items() if view is not None}
    return dict(zip(there, eye.look([frames[i] for i in there], list(there.values())), strict=True))


def _around(eye: Eye, frame: Frame, sight: Sight) -> View | None:
    return eye.around(frame, sight.pose) if sight.located else None


def _unguided(eye: Eye, frame: Frame, sight: Sight) -> View | None:
    return eye.unguided(frame, sight)


def _whole(eye: Eye, frame: Frame, _: Sight) -> View:
    return eye.glance(frame, small=False)


def _mask(glance: Sight, sight: Sight) -> NDArray[np.float32]:
    """The mask of the closer look, and outside of its crop that of the first one."""
    width, height = glance.detection.size
    near = np.ones(sight.detection.crop_mask.shape, np.uint8)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    inside = cv2.warpAffine(near, opencv_affine(sight.detection.crop.matrix), (width, height), flags=flags)
    return np.where(inside > 0, sight.detection.mask, glance.detection.mask)
