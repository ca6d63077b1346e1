"""Bringing a robot's contour onto the border of a mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import boundary_distances
from .contour import Contour, Lens, find_contour

__all__ = ["Aligned", "MaskView", "Seen", "align"]

_STEPS = 2  # Gauss-Newton steps with each contour
_OFFSETS = np.arange(-8.0, 8.1, 0.5)  # pixels: where the mask's border is looked for beside the contour
_FEWEST = 20  # samples of an contour that say something
_TOGETHER = 20.0  # pixels of contour that err together
_LEAST_SCALE = 1.0  # pixels: no border is more exact
_NORMAL = 1.4826  # standard deviations per median of absolute values
_CUT = 3.0  # scales from which on a sample no longer counts (Tukey)
_EXPLAINED = 2.0  # pixels

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class MaskView:
    """A mask, and the camera that sees the robot in it.

    Attributes:
        mask: ``(h, w)`` float32 robot probability.
        lens: The camera, in pixels of the mask, without its distortion.
        low: ``(2,)`` where the image begins in the mask, pixels.
        high: ``(2,)`` where it ends.
        bend: Takes ``(N, 2)`` pixels without distortion to pixels of the mask; ``None`` where there is no distortion.
    """

    mask: NDArray[np.float32]
    lens: Lens
    low: _Vector
    high: _Vector
    bend: Callable[[_Vector], _Vector] | None = None

    def gaps(self, places: _Vector, normals: _Vector) -> _Vector:
        """Signed distances to the mask's border.

        Args:
            places: ``(S, 2)`` pixels.
            normals: ``(S, 2)`` directions in which the mask should end there.

        Returns:
            ``(S,)`` pixels along the normals; NaN where there is no border, or it cannot be seen.
        """
        at = places[:, None] + _OFFSETS[:, None] * normals[:, None]
        if self.bend is not None:
            at = self.bend(at.reshape(-1, 2)).reshape(at.shape)
        height, width = self.mask.shape
        low, high = np.maximum(self.low, 0.0), np.minimum(self.high, (width, height))
        seen = np.all((at[:, [0, -1]] > low) & (at[:, [0, -1]] < high), axis=(1, 2))
        return np.where(seen, boundary_distances(self.mask, at, _OFFSETS), np.nan)


@dataclass(frozen=True)
class Aligned:
    """A pose with what it rests on.

    Attributes:
        rotation: ``(3, 3)`` camera_R_base.
        translation: ``(3,)`` metres.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        explained: Share of the contour in view that has the mask's border within two pixels; 0 with no contour.
    """

    rotation: _Vector
    translation: _Vector
    covariance: NDArray[np.float64]
    contour_inlier_ratio: float


class Seen(NamedTuple):
    """The robot in one mask.

    Attributes:
        vertices: ``(V, 3)`` the surface's vertices in the base frame, metres.
        view: The mask.
    """

    vertices: _Vector
    view: MaskView


class _Pull(NamedTuple):
    """Normal equations of the samples of an contour, the length of it and how much of that is explained, pixels."""

    information: NDArray[np.float64]
    force: _Vector
    length: float
    contour_inlier_ratio: float


def align(
    surface: RobotSurface,
    seen: Sequence[Seen],
    rotation: _Vector,
    translation: _Vector,
    covariance: NDArray[np.float64],
    rounds: int = 2,
) -> Aligned:
    """The pose near a first one whose contours lie on the borders of masks.

    Gauss-Newton on the distances between contour and border along the contour's normals, robust (Tukey), with the first
    pose as a measurement of its own: what the contour does not tell stays as it was. Where hardly any contour meets a
    border, the pose stays. Several masks are those of one camera that stands still while the robot moves.

    Args:
        surface: The robot.
        seen: The masks.
        rotation: ``(3, 3)`` first camera_R_base.
        translation: ``(3,)`` first position, metres.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.
        rounds: How often the contour is looked for anew.
    """
    known = np.linalg.inv(covariance)
    turn, t, total, contour_inlier_ratio = Rotation.identity(), translation, known, 0.0
    for _ in range(rounds):
        R = turn.as_matrix() @ rotation
        contours = [find_contour(surface, vertices, R, t, view.lens, view.mask.shape[::-1]) for vertices, view in seen]
        for _ in range(_STEPS):
            R = turn.as_matrix() @ rotation
            pulls = [_pull(contour, R, t, view) for contour, (_, view) in zip(contours, seen, strict=True)]
            there = [pull for pull in pulls if pull is not None]
            if not there:
                break
            total = known + sum(pull.information for pull in there)
            contour_inlier_ratio = sum(pull.contour_inlier_ratio for pull in there) / sum(pull.length for pull in there)
            away = np.concatenate([t - translation, turn.as_rotvec()])
            step = np.linalg.solve(total, sum(pull.force for pull in there) - known @ away)
            turn, t = Rotation.from_rotvec(step[3:]) * turn, t + step[:3]
    return Aligned(turn.as_matrix() @ rotation, t, np.linalg.inv(total), contour_inlier_ratio)


def _pull(contour: Contour, R: _Vector, t: _Vector, view: MaskView) -> _Pull | None:
    """What the border of a mask says of a pose; ``None`` where it says too little."""
    turned = contour.points @ R.T
    points, lens = turned + t, view.lens
    all_gaps = view.gaps(lens.project(points), contour.normals) - contour.margins
    met = np.isfinite(all_gaps)
    if met.sum() < _FEWEST:
        return None
    turned, points, normals, gaps = turned[met], points[met], contour.normals[met], all_gaps[met]
    across = normals * (lens.fx, lens.fy) / points[:, 2:]
    depth = -np.sum(across * points[:, :2], axis=1, keepdims=True) / points[:, 2:]
    by_point = np.concatenate([across, depth], axis=1)
    jacobian = np.concatenate([by_point, np.cross(turned, by_point)], axis=1)
    scale = max(_LEAST_SCALE, _NORMAL * float(np.median(np.abs(gaps))))
    trust = np.clip(1.0 - (gaps / (_CUT * scale)) ** 2, 0.0, None) ** 2
    weighted = jacobian * (trust * contour.lengths[met] / (_TOGETHER * scale**2))[:, None]
    contour_inlier_ratio = float(np.sum(contour.lengths[met][np.abs(gaps) < _EXPLAINED]))
    return _Pull(weighted.T @ jacobian, weighted.T @ gaps, float(np.sum(contour.lengths)), contour_inlier_ratio)
