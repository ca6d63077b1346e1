"""Random network inputs for both kinds of inference pass: coarse (whole image) and refined (crop of the robot)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ctr_env.estimators.ctrnet.cropping import Crop, robot_crop, whole_image
from ctr_env.estimators.ctrnet.pose_prior import draw_pose_prior, empty_pose_prior
from ctr_env.geometry import PinholeCamera

__all__ = ["PassInput", "draw_pass_input"]

_COARSE_SHARE, _NO_PRIOR_SHARE = 0.3, 0.1
_ROLL, _LARGE_ROLL = 0.12, 0.4  # rad, standard deviations of the rotation in the image plane
_LARGE_ROLL_SHARE = 0.25
_PRIOR_ROTATION = (0.02, 0.35)  # rad: range of the standard deviation of a prior pose's rotation error
_PRIOR_TRANSLATION = (0.004, 0.05)  # the same of its lateral translation error, as a share of the distance
_PRIOR_DISTANCE = 2.0  # error of the log distance, as a multiple of the lateral one


class PassInput(NamedTuple):
    """A crop, and the rendered pose prior ``(h, w, 3)`` uint8 in it; black without a prior."""

    crop: Crop
    prior: NDArray[np.uint8]


def draw_pass_input(
    points: NDArray[np.float64],
    chain: int,
    camera: PinholeCamera,
    size: tuple[int, int],
    quarter_turns: int,
    rng: np.random.Generator,
) -> PassInput:
    """The input of a coarse pass, or of a refined one whose prior pose has an error of random size.

    Three in ten are coarse passes, one in ten is a refined pass without a prior.

    Args:
        points: ``(K, 3)`` the network's points in the camera frame, metres.
        chain: Number of keypoints along the kinematic chain, which come first among the points.
        camera: Intrinsics of the image.
        size: Width and height of the network's input, pixels.
        quarter_turns: Clockwise quarter turns that bring the robot upright, as inference does.
        rng: Source of all randomness.
    """
    kind = rng.random()
    angle = float(rng.normal(0.0, _LARGE_ROLL if rng.random() < _LARGE_ROLL_SHARE else _ROLL))
    if kind < _COARSE_SHARE:
        whole = whole_image(camera.width, camera.height, size, quarter_turns)
        return PassInput(_perturbed_crop(whole, 0.04, 0.08, angle, rng), empty_pose_prior(size))
    guessed = camera.project(_perturbed_points(points, rng))
    crop = robot_crop(guessed, camera.width, camera.height, size, quarter_turns)
    if kind < _COARSE_SHARE + _NO_PRIOR_SHARE:
        return PassInput(_perturbed_crop(crop, 0.08, 0.15, angle, rng), empty_pose_prior(size))
    crop = _perturbed_crop(crop, 0.02, 0.05, angle, rng)
    return PassInput(crop, draw_pose_prior(crop.forward(guessed), chain, size))


def _perturbed_points(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The points at a wrong pose: rotated about their mean, shifted laterally, nearer or farther."""
    rotation, shift = (np.exp(rng.uniform(*np.log(bounds))) for bounds in (_PRIOR_ROTATION, _PRIOR_TRANSLATION))
    middle = points.mean(axis=0)
    depth = max(float(middle[2]), 0.1)
    moved = Rotation.from_rotvec(rng.normal(0.0, rotation, 3)).apply(points - middle) + middle
    moved[:, :2] += rng.normal(0.0, shift, 2) * depth
    return np.asarray(moved + (np.exp(rng.normal(0.0, _PRIOR_DISTANCE * shift)) - 1.0) * middle)


def _perturbed_crop(crop: Crop, shift: float, zoom: float, angle: float, rng: np.random.Generator) -> Crop:
    """A crop shifted by shares of its size, zoomed, and rotated further."""
    scale = crop.scale * float(np.exp(rng.normal(0.0, zoom)))
    moved = crop.centre + rng.normal(0.0, shift, 2) * np.array(crop.size) / scale
    return Crop((float(moved[0]), float(moved[1])), scale, crop.size, crop.angle + angle)
