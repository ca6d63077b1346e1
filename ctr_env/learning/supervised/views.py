"""How an estimator looks at a image: all of it, or closely at where it takes the robot to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ctr_env.estimators.ctrnet.cropping import Crop, robot_crop, whole_image
from ctr_env.estimators.ctrnet.pose_prior import draw_pose_prior, empty_pose_prior
from ctr_env.geometry import PinholeCamera

__all__ = ["Look", "draw_look"]

_WHOLE_SHARE, _UNHINTED_SHARE = 0.3, 0.1
_TURN = 0.12  # rad, standard deviation of a image's turn
_WRONG_TURN = (0.02, 0.35)  # rad: standard deviations, from and to, that a first pose is wrong by
_WRONG_PLACE = (0.004, 0.05)  # shares of the distance, likewise
_WRONG_DISTANCE = 2.0  # the distance is that many times worse


class Look(NamedTuple):
    """Where to look, and a sketch ``(h, w, 3)`` uint8 of what is thought to be there."""

    crop: Crop
    prior: NDArray[np.uint8]


def draw_look(
    points: NDArray[np.float64], chain: int, camera: PinholeCamera, size: tuple[int, int], rng: np.random.Generator
) -> Look:
    """A first look at the whole image, or a second one guided by a pose that is wrong by this much or that.

    Args:
        points: ``(K, 3)`` the network's points in the camera frame, metres.
        chain: Number of the first of them that follow each other along the arm.
        camera: Intrinsics of the image.
        size: Width and height of the network's input, pixels.
        rng: Source of randomness.
    """
    kind, angle = rng.random(), float(rng.normal(0.0, _TURN))
    if kind < _WHOLE_SHARE:
        whole = whole_image(camera.width, camera.height, size)
        return Look(_shaken(whole, 0.04, 0.08, angle, rng), empty_pose_prior(size))
    guessed = camera.project(_misplaced(points, rng))
    crop = robot_crop(guessed, camera.width, camera.height, size)
    if kind < _WHOLE_SHARE + _UNHINTED_SHARE:
        return Look(_shaken(crop, 0.08, 0.15, angle, rng), empty_pose_prior(size))
    crop = _shaken(crop, 0.02, 0.05, angle, rng)
    return Look(crop, draw_pose_prior(crop.forward(guessed), chain, size))


def _misplaced(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The points as a wrong pose has them: turned about their middle, moved sideways, nearer or farther."""
    turn, shift = (np.exp(rng.uniform(*np.log(bounds))) for bounds in (_WRONG_TURN, _WRONG_PLACE))
    middle = points.mean(axis=0)
    depth = max(float(middle[2]), 0.1)
    moved = Rotation.from_rotvec(rng.normal(0.0, turn, 3)).apply(points - middle) + middle
    moved[:, :2] += rng.normal(0.0, shift, 2) * depth
    return np.asarray(moved + (np.exp(rng.normal(0.0, _WRONG_DISTANCE * shift)) - 1.0) * middle)


def _shaken(crop: Crop, shift: float, zoom: float, angle: float, rng: np.random.Generator) -> Crop:
    """A crop moved by shares of its size, zoomed and turned."""
    scale = crop.scale * float(np.exp(rng.normal(0.0, zoom)))
    moved = crop.centre + rng.normal(0.0, shift, 2) * np.array(crop.size) / scale
    return Crop((float(moved[0]), float(moved[1])), scale, crop.size, angle)
