"""Normal equations of a camera set-up: keypoints and contours of one image, linearised at the set-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.contour_alignment import masked_robots
from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.estimators.silhouette.alignment import CORRELATION_LENGTH, CUT, INLIER_DISTANCE, LEAST_SCALE, NORMAL
from ctr_env.estimators.silhouette.contour import Contour, find_contour
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .setup import CameraSetup, Parameters, known_velocities

__all__ = ["Equations", "ImageMeasurement"]

_STEP = 1e-5  # rad, of numerical derivatives by joint positions
_KEYPOINT_CUT = 4.685  # standard deviations from which on a keypoint has no weight (Tukey)

_Vector = NDArray[np.float64]


class Equations(NamedTuple):
    """Normal equations of one image, or their sum.

    Attributes:
        information: ``(p, p)`` matrix of the normal equations.
        force: ``(p,)`` right side: the negative gradient of the cost.
        cost: Sum of the robust costs, twice the negative log-likelihood.
        observations: Number of independent observations that the weights amount to.
        inlier_length: Contour within two pixels of the mask boundary, pixels.
        length: Contour in view, pixels.
    """

    information: _Vector
    force: _Vector
    cost: float
    observations: float
    inlier_length: float
    length: float

    @classmethod
    def total(cls, parts: Sequence[Equations]) -> Equations:
        """The sum of images."""
        sums = [sum(values) for values in zip(*parts, strict=True)]
        return cls(*sums)


@dataclass(frozen=True)
class ImageMeasurement:
    """What one image says: the network's detection near the set-up.

    Attributes:
        model: The robot.
        frame: The image, with measured joint positions and the camera as given.
        hypothesis: Detection of keypoints and mask.
        keypoint_information: Weight of keypoints relative to the contour: their errors are correlated.
        contour_scale: Standard deviation of the mask boundary, pixels of the crop.
    """

    model: RobotModel
    frame: Frame
    hypothesis: PoseHypothesis
    keypoint_information: float
    contour_scale: float = LEAST_SCALE

    def scaled(self, setup: CameraSetup) -> ImageMeasurement:
        """The measurement with the contour's scale at a set-up; it must not change while solutions are compared."""
        gaps = self._gaps(setup).gaps
        gaps = gaps[np.isfinite(gaps)]
        scale = NORMAL * float(np.median(np.abs(gaps))) if len(gaps) else 0.0
        return replace(self, contour_scale=max(LEAST_SCALE, scale))

    def equations(self, setup: CameraSetup, parameters: Parameters) -> Equations:
        """The image's normal equations at a set-up."""
        arm = _PosedArm(self.model.kinematics, self.model.surface.links, setup.corrected(self.frame).joint_positions)
        return Equations.total([self._keypoints(arm, setup, parameters), self._contour(arm, setup, parameters)])

    def _keypoints(self, arm: _PosedArm, setup: CameraSetup, parameters: Parameters) -> Equations:
        used, found = self.hypothesis.used, self.hypothesis.detected
        points, by_joints = arm.fixed_points(
            [point.link for point in self.model.points], np.array([point[1:] for point in self.model.points])
        )
        projected = setup.camera.project(setup.camera_T_base.apply(points))
        lost = float((used & ~np.isfinite(projected).all(axis=1)).sum())  # behind the camera: as bad as any outlier
        used = used & np.isfinite(projected).all(axis=1)
        J = parameters.jacobian(setup, points[used], by_joints[used], known_velocities(self.frame))
        away, variance = found.pixels[used] - projected[used], found.variance[used]
        squares, cut = np.sum(away**2, axis=1) / variance, 2.0 * _KEYPOINT_CUT**2
        weights = self.keypoint_information * _tukey_weights(squares, cut) / variance
        cost = self.keypoint_information * (float(np.sum(_tukey(squares, cut))) + lost * cut / 3.0)
        return Equations(
            np.einsum("sap,s,saq->pq", J, weights, J),
            np.einsum("sap,s,sa->p", J, weights, away),
            cost,
            2.0 * self.keypoint_information * float(used.sum()),
            0.0,
            0.0,
        )

    def _gaps(self, setup: CameraSetup) -> _Gaps:
        view = self.model.posed(setup.corrected(self.frame))
        masked = masked_robots([view], [self.hypothesis])
        ((vertices, mask),) = masked.seen
        T = masked.to_crop(setup.camera_T_base).as_matrix()
        contour = find_contour(self.model.surface, vertices, (T[:3, :3], T[:3, 3]), mask.lens, mask.mask.shape[::-1])
        places = mask.lens.project(contour.points @ T[:3, :3].T + T[:3, 3])
        gaps = mask.gaps(places, contour.normals) - contour.margins
        return _Gaps(contour, gaps, mask.shows(places, contour.normals))

    def _contour(self, arm: _PosedArm, setup: CameraSetup, parameters: Parameters) -> Equations:
        contour, all_gaps, shown = self._gaps(setup)
        met, surface = np.isfinite(all_gaps), self.model.surface
        gaps, ends, share = all_gaps[met], contour.ends[met], contour.shares[met, None]
        local = surface.vertices[ends[:, 0]] + share * (surface.vertices[ends[:, 1]] - surface.vertices[ends[:, 0]])
        points, by_joints = arm.surface_points(surface.vertex_links[ends[:, 0]], local)
        linear = self.hypothesis.crop.matrix[:, :2]  # from image to crop
        J = parameters.jacobian(setup, points, by_joints, known_velocities(self.frame))
        J = np.einsum("sa,ab,sbp->sp", contour.normals[met], linear, J)
        squares, votes = (gaps / self.contour_scale) ** 2, contour.lengths / CORRELATION_LENGTH
        weights = _tukey_weights(squares, CUT**2) * votes[met] / self.contour_scale**2
        missed = float(np.sum(votes[shown & ~met])) * CUT**2 / 3.0  # no boundary is near: as bad as any outlier
        return Equations(
            (J * weights[:, None]).T @ J,
            J.T @ (weights * gaps),
            float(np.sum(votes[met] * _tukey(squares, CUT**2))) + missed,
            float(np.sum(votes[shown])),
            float(np.sum(contour.lengths[met][np.abs(gaps) < INLIER_DISTANCE])),
            float(np.sum(contour.lengths[shown])),
        )


class _Gaps(NamedTuple):
    """A contour, ``(S,)`` distances of its samples to the mask boundary (NaN: none), and which the image shows."""

    contour: Contour
    gaps: _Vector
    shown: NDArray[np.bool_]


class _PosedArm:
    """Links at joint positions, with their derivatives."""

    def __init__(self, kinematics: RobotKinematics, links: Sequence[str], joints: _Vector) -> None:
        self._kinematics, self._joints = kinematics, joints
        self._surface = self._posed(links)

    def fixed_points(self, links: Sequence[str], local: _Vector) -> tuple[_Vector, _Vector]:
        """``(K, 3)`` points of named links in the base frame and their ``(K, 3, n)`` derivatives."""
        names = sorted(set(links))
        return _points(self._posed(names), np.array([names.index(link) for link in links]), local)

    def surface_points(self, links: NDArray[np.int64], local: _Vector) -> tuple[_Vector, _Vector]:
        """The same for ``(S,)`` numbers of the surface's links."""
        return _points(self._surface, links, local)

    def _posed(self, links: Sequence[str]) -> tuple[_Vector, _Vector, _Vector, _Vector]:
        """Rotations ``(L, 3, 3)`` and origins ``(L, 3)``, and their derivatives with a last axis of joints."""
        R, p = self._kinematics.link_poses(self._joints, links)
        dR, dp = [], []
        for i in range(len(self._joints)):
            step = np.zeros(len(self._joints))
            step[i] = _STEP
            (R1, p1), (R0, p0) = (self._kinematics.link_poses(self._joints + s * step, links) for s in (1.0, -1.0))
            dR.append((R1 - R0) / (2.0 * _STEP))
            dp.append((p1 - p0) / (2.0 * _STEP))
        return R, p, np.stack(dR, axis=-1), np.stack(dp, axis=-1)


def _points(
    arm: tuple[_Vector, _Vector, _Vector, _Vector], links: NDArray[np.int64], local: _Vector
) -> tuple[_Vector, _Vector]:
    R, p, dR, dp = arm
    points = np.einsum("sij,sj->si", R[links], local) + p[links]
    return points, np.einsum("sijn,sj->sin", dR[links], local) + dp[links]


def _tukey_weights(squares: _Vector, cut: float) -> _Vector:
    """Weights of squared residuals under Tukey's biweight cost."""
    return np.asarray(np.clip(1.0 - squares / cut, 0.0, None) ** 2)


def _tukey(squares: _Vector, cut: float) -> _Vector:
    """Tukey's biweight cost of squared residuals, equal to them near 0 and constant from ``cut`` on."""
    return np.asarray(cut / 3.0 * (1.0 - np.clip(1.0 - squares / cut, 0.0, None) ** 3))
