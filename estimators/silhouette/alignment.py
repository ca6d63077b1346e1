"""Contour alignment: refining a pose so that the projected mesh contour lies on the mask boundary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import pose_from_matrix, pose_matrix, rotation_matrix, rotation_vector
from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import boundary_distances
from .contour import Contour, Lens, find_contour

__all__ = [
    "CORRELATION_LENGTH",
    "CUT",
    "INLIER_DISTANCE",
    "LEAST_SCALE",
    "NORMAL",
    "Aligned",
    "MaskView",
    "Seen",
    "align",
]

_STEPS = 2  # Gauss-Newton steps for each computed contour
_STILL = 0.1  # pixels: after a step that moves no sample farther, none follows
_OFFSETS = np.arange(-8.0, 8.1, 0.5)  # pixels along the normal in which the mask boundary is located
_FEWEST = 20  # least number of samples of a contour that meet the mask boundary
CORRELATION_LENGTH = 20.0
"""Correlation length of the mask boundary's error along the contour, pixels."""
LEAST_SCALE = 1.0
"""Least standard deviation of a mask boundary, pixels."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution per median absolute value."""
CUT = 3.0
"""Standard deviations from which on a sample has no weight (Tukey)."""
INLIER_DISTANCE = 2.0
"""Largest distance of a contour inlier from the mask boundary, pixels."""

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class MaskView:
    """A mask with its camera.

    Attributes:
        mask: ``(h, w)`` float32 robot probability.
        lens: The camera without its distortion, in pixels of the mask.
        low: ``(2,)`` upper left corner of the image in the mask, pixels.
        high: ``(2,)`` lower right corner of the image in the mask, pixels.
        bend: Maps ``(N, 2)`` undistorted pixels to pixels of the mask; ``None`` for a camera without distortion.
    """

    mask: NDArray[np.float32]
    lens: Lens
    low: _Vector
    high: _Vector
    bend: Callable[[_Vector], _Vector] | None = None

    def gaps(self, places: _Vector, normals: _Vector) -> _Vector:
        """Signed distances to the mask boundary.

        Args:
            places: ``(S, 2)`` undistorted pixels.
            normals: ``(S, 2)`` unit directions out of the mask.

        Returns:
            ``(S,)`` pixels along the normals; NaN where there is no boundary, or the normal leaves the image.
        """
        at = self._searched(places, normals)
        return np.where(self._inside(at), boundary_distances(self.mask, at, _OFFSETS), np.nan)

    def shows(self, places: _Vector, normals: _Vector) -> NDArray[np.bool_]:
        """``(S,)`` whether the image shows all pixels in which :meth:`gaps` looks for the boundary."""
        return self._inside(self._searched(places, normals))

    def _searched(self, places: _Vector, normals: _Vector) -> _Vector:
        """``(S, M, 2)`` pixels of the mask along the normals."""
        at = places[:, None] + _OFFSETS[:, None] * normals[:, None]
        return at if self.bend is None else self.bend(at.reshape(-1, 2)).reshape(at.shape)

    def _inside(self, at: _Vector) -> NDArray[np.bool_]:
        height, width = self.mask.shape
        low, high = np.maximum(self.low, 0.0), np.minimum(self.high, (width, height))
        return np.asarray(np.all((at[:, [0, -1]] > low) & (at[:, [0, -1]] < high), axis=(1, 2)))


@dataclass(frozen=True)
class Aligned:
    """A pose with what it rests on.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        contour_inlier_ratio: Share of the contour in view within two pixels of the mask boundary; 0 without a contour.
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    contour_inlier_ratio: float


class Seen(NamedTuple):
    """The robot's surface in one mask.

    Attributes:
        vertices: ``(V, 3)`` vertices of the surface in the base frame, metres.
        view: The mask.
    """

    vertices: _Vector
    view: MaskView


class _Pull(NamedTuple):
    """Derivatives of a contour's samples along their normals, their normal equations, and lengths in pixels."""

    jacobian: NDArray[np.float64]
    information: NDArray[np.float64]
    force: _Vector
    length: float
    inlier_length: float


def align(
    surface: RobotSurface,
    seen: Sequence[Seen],
    camera_T_base: RigidTransform,
    covariance: NDArray[np.float64],
    rounds: int = 2,
) -> Aligned:
    """Refine a pose so that the contours lie on the mask boundaries.

    Gauss-Newton on the distances between contour and mask boundary along the contour's normals (iterative contour
    alignment, as in RAPID, Harris and Stennett 1990), with Tukey weights. The given pose enters as a measurement with
    its covariance, so directions that the contour does not determine are kept. The pose is returned unchanged where too
    little of the contour meets a mask boundary. Several masks are those of one static camera.

    Args:
        surface: The robot.
        seen: The masks.
        camera_T_base: The pose to refine.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.
        rounds: How often the contour is computed at most; fewer times where the pose does not move any more.
    """
    known = np.linalg.inv(covariance)
    given = camera_T_base.as_matrix()
    R, t, total, contour_inlier_ratio = given[:3, :3], given[:3, 3], known, 0.0
    for number in range(rounds * _STEPS):
        if number % _STEPS == 0:
            contours = [
                find_contour(surface, points, (R, t), view.lens, view.mask.shape[::-1]) for points, view in seen
            ]
        pulls = [_pull(contour, R, t, view) for contour, (_, view) in zip(contours, seen, strict=True)]
        there = [pull for pull in pulls if pull is not None]
        if not there:
            break
        information = known + sum(pull.information for pull in there)
        contour_inlier_ratio = sum(pull.inlier_length for pull in there) / sum(pull.length for pull in there)
        away = np.concatenate([t - given[:3, 3], rotation_vector(R @ given[:3, :3].T)])
        step = np.linalg.solve(information, sum(pull.force for pull in there) - known @ away)
        if not np.isfinite(step).all():  # a sample lies in the plane of the camera's centre
            break
        total = information
        R, t = rotation_matrix(step[3:]) @ R, t + step[:3]
        if max(np.abs(pull.jacobian @ step).max() for pull in there) < _STILL:
            break
    return Aligned(pose_from_matrix(pose_matrix(R, t)), np.linalg.inv(total), contour_inlier_ratio)


def _pull(contour: Contour, R: _Vector, t: _Vector, view: MaskView) -> _Pull | None:
    """Normal equations of a contour at a pose; ``None`` where too few samples meet the mask boundary."""
    rotated = contour.points @ R.T
    points, lens = rotated + t, view.lens
    all_gaps = view.gaps(lens.project(points), contour.normals) - contour.margins
    met = np.isfinite(all_gaps)
    if met.sum() < _FEWEST:
        return None
    rotated, points, normals, gaps = rotated[met], points[met], contour.normals[met], all_gaps[met]
    across = normals * (lens.fx, lens.fy) / points[:, 2:]
    depth = -np.sum(across * points[:, :2], axis=1) / points[:, 2]
    (x, y, z), (by_x, by_y) = rotated.T, across.T
    jacobian = np.stack([by_x, by_y, depth, y * depth - z * by_y, z * by_x - x * depth, x * by_y - y * by_x], axis=1)
    scale = max(LEAST_SCALE, NORMAL * float(np.median(np.abs(gaps))))
    trust = np.clip(1.0 - (gaps / (CUT * scale)) ** 2, 0.0, None) ** 2
    weighted = jacobian * (trust * contour.lengths[met] / (CORRELATION_LENGTH * scale**2))[:, None]
    inlier_length = float(np.sum(contour.lengths[met][np.abs(gaps) < INLIER_DISTANCE]))
    return _Pull(jacobian, weighted.T @ jacobian, weighted.T @ gaps, float(np.sum(contour.lengths)), inlier_length)
