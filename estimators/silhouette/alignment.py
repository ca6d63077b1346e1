"""Contour alignment: refining a pose so that the projected mesh contour lies on the mask boundary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import pose_from_matrix, pose_matrix, rotation_matrix, rotation_vector
from ctr_env.scenes.robots.surfaces import RobotSurface

from .contour import Contour, find_contour
from .contour_pull import Measurement, Pull, pulls
from .mask_view import MaskView

__all__ = ["Aligned", "AlignmentProblem", "Seen", "align", "align_each"]

_STEPS = 2  # Gauss-Newton steps for each computed contour
_STILL = 0.1  # pixels: after a step that moves no sample farther, none follows

_Vector = NDArray[np.float64]


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


class AlignmentProblem(NamedTuple):
    """A pose to refine.

    Attributes:
        seen: The masks; several are those of one static camera.
        camera_T_base: The pose.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.
    """

    seen: Sequence[Seen]
    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]


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
    return align_each(surface, [AlignmentProblem(seen, camera_T_base, covariance)], rounds)[0]


def align_each(surface: RobotSurface, problems: Sequence[AlignmentProblem], rounds: int = 2) -> list[Aligned]:
    """The results of :func:`align` for N independent poses of one robot, bit for bit, in less time.

    Args:
        surface: The robot.
        problems: The poses to refine, and the masks of each.
        rounds: How often the contour of each is computed at most.
    """
    descents = [_Descent(problem) for problem in problems]
    going = descents
    for number in range(rounds * _STEPS):
        if not going:
            break
        if number % _STEPS == 0:
            for descent in going:
                descent.find_contours(surface)
        found = iter(pulls([measurement for descent in going for measurement in descent.measurements()]))
        going = [descent for descent in going if descent.step([next(found) for _ in descent.seen])]
    return [descent.result() for descent in descents]


class _Descent:
    """Gauss-Newton from one pose.

    Attributes:
        seen: The masks.
    """

    def __init__(self, problem: AlignmentProblem) -> None:
        self.seen = problem.seen
        self._given = problem.camera_T_base.as_matrix()
        self._R, self._t = self._given[:3, :3], self._given[:3, 3]
        self._known = self._total = np.linalg.inv(problem.covariance)
        self._inlier_ratio = 0.0
        self._contours: list[Contour] = []

    def find_contours(self, surface: RobotSurface) -> None:
        """Compute the contours at the present pose."""
        pose = self._R, self._t
        self._contours = [
            find_contour(surface, vertices, pose, view.lens, view.mask.shape[::-1]) for vertices, view in self.seen
        ]

    def measurements(self) -> list[Measurement]:
        """The contours and masks at the present pose."""
        return [
            Measurement(contour, self._R, self._t, view)
            for contour, (_, view) in zip(self._contours, self.seen, strict=True)
        ]

    def step(self, found: Sequence[Pull | None]) -> bool:
        """Move the pose by the normal equations of the measurements; whether another step may move it farther."""
        there = [pull for pull in found if pull is not None]
        if not there:
            return False
        given, known = self._given, self._known
        information = known + sum(pull.information for pull in there)
        self._inlier_ratio = sum(pull.inlier_length for pull in there) / sum(pull.length for pull in there)
        away = np.concatenate([self._t - given[:3, 3], rotation_vector(self._R @ given[:3, :3].T)])
        step = np.linalg.solve(information, sum(pull.force for pull in there) - known @ away)
        if not np.isfinite(step).all():  # a sample lies in the plane of the camera's centre
            return False
        self._total = information
        self._R, self._t = rotation_matrix(step[3:]) @ self._R, self._t + step[:3]
        return max(np.abs(pull.jacobian @ step).max() for pull in there) >= _STILL

    def result(self) -> Aligned:
        """The pose with what it rests on."""
        pose = pose_from_matrix(pose_matrix(self._R, self._t))
        return Aligned(pose, np.linalg.inv(self._total), self._inlier_ratio)
