"""Normal equations of a camera set-up: keypoints and contours of one image, linearised at the set-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.silhouette.contour import Contour, find_contour
from ctr_env.estimators.silhouette.contour_pull import CORRELATION_LENGTH, CUT, INLIER_DISTANCE, LEAST_SCALE, NORMAL
from ctr_env.estimators.silhouette.edge_alignment import (
    EDGE_CORRELATION_LENGTH,
    EDGE_INLIER_DISTANCE,
    LEAST_EDGE_SCALE,
)
from ctr_env.estimators.silhouette.image_view import image_contour

from .contour_alignment import masked_robots
from .edge_refinement import robot_image
from .hypothesis import PoseHypothesis
from .robot_model import RobotModel, RobotView
from .setup import CameraSetup, Parameters, known_velocities

__all__ = ["KEYPOINT_CUT", "Equations", "ImageMeasurement", "tukey", "tukey_weights"]

KEYPOINT_CUT = 4.685
"""Standard deviations from which on a point has no weight (Tukey's biweight, 95 % efficient)."""

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
class ContourSamples:
    """Samples of a contour that move with the links, while normals and margins stay.

    Attributes:
        local: ``(S, 3)`` points in the frames of their links, metres.
        contour: The contour that they were taken from.
    """

    local: _Vector
    contour: Contour

    def posed(self, model: RobotModel, joint_positions: _Vector) -> Contour:
        """The samples of the robot at other ``(n,)`` joint positions, rad."""
        links = model.surface.vertex_links[self.contour.ends[:, 0]]
        rotations, origins = model.kinematics.link_poses(joint_positions, model.surface.links)
        points = origins[links] + np.einsum("sij,sj->si", rotations[links], self.local)
        return replace(self.contour, points=points)


@dataclass(frozen=True)
class ImageMeasurement:
    """What one image says: the network's detection near the set-up.

    Attributes:
        model: The robot.
        frame: The image, with measured joint positions and the camera as given.
        hypothesis: Detection of keypoints and mask.
        keypoint_information: Weight of keypoints relative to the contour: their errors are correlated.
        contour_scale: Standard deviation of the boundary, pixels of the crop or units of the edges; ``None``: that of
            the very contour.
        by_edges: Whether contours are compared with edges of the image rather than with the mask boundary: for a
            set-up that is right to a few pixels already.
        samples: Contour samples as points of the links; ``None``: those of the contour at the very set-up. Costs of two
            set-ups can only be compared for the same samples.
    """

    model: RobotModel
    frame: Frame
    hypothesis: PoseHypothesis
    keypoint_information: float
    contour_scale: float | None = None
    by_edges: bool = False
    samples: ContourSamples | None = None

    def sampled(self, setup: CameraSetup) -> ImageMeasurement:
        """The measurement with the contour samples of a set-up."""
        setup = setup.of_network
        view = self._view(setup)
        contour = replace(self, samples=None)._gaps(view, setup).contour
        surface, kinematics = self.model.surface, self.model.kinematics
        links = surface.vertex_links[contour.ends[:, 0]]
        rotations, origins = (part[links] for part in kinematics.link_poses(view.joint_positions, surface.links))
        local = np.einsum("sji,sj->si", rotations, contour.points - origins)
        return replace(self, samples=ContourSamples(local, contour))

    def scaled(self, setup: CameraSetup) -> ImageMeasurement:
        """The measurement with the contour's scale at a set-up; it must not change while solutions are compared."""
        setup = setup.of_network
        return replace(self, contour_scale=self._gaps(self._view(setup), setup).scale)

    def on_edges(self, setup: CameraSetup) -> ImageMeasurement:
        """The measurement by edges of the image, with their scale and the contour samples of a set-up."""
        return replace(self, by_edges=True, contour_scale=None, samples=None).scaled(setup)

    def equations(self, setup: CameraSetup, parameters: Parameters) -> Equations:
        """The image's normal equations at a set-up."""
        return self.linearised(self._view(setup), setup, parameters)

    def linearised(self, view: RobotView, setup: CameraSetup, parameters: Parameters) -> Equations:
        """The same for the robot at the set-up's joint positions, where that is known."""
        setup = setup.of_network
        return Equations.total([self._keypoints(view, setup, parameters), self._contour(view, setup, parameters)])

    def _view(self, setup: CameraSetup) -> RobotView:
        return self.model.posed(setup.corrected(self.frame))

    def _keypoints(self, view: RobotView, setup: CameraSetup, parameters: Parameters) -> Equations:
        used, found = self.hypothesis.used, self.hypothesis.detected
        projected = setup.camera.project(setup.camera_T_base.apply(view.keypoints))
        lost = float((used & ~np.isfinite(projected).all(axis=1)).sum())  # behind the camera: as bad as any outlier
        used = used & np.isfinite(projected).all(axis=1)
        links = [point.link for point, enters in zip(self.model.points, used, strict=True) if enters]
        J = self._jacobian(view, setup, parameters, view.keypoints[used], links)
        away, variance = found.pixels[used] - projected[used], found.variance[used]
        squares, cut = np.sum(away**2, axis=1) / variance, 2.0 * KEYPOINT_CUT**2
        weights = self.keypoint_information * tukey_weights(squares, cut) / variance
        cost = self.keypoint_information * (float(np.sum(tukey(squares, cut))) + lost * cut / 3.0)
        return Equations(
            np.einsum("sap,s,saq->pq", J, weights, J),
            np.einsum("sap,s,sa->p", J, weights, away),
            cost,
            2.0 * self.keypoint_information * float(used.sum()),
            0.0,
            0.0,
        )

    def _jacobian(
        self, view: RobotView, setup: CameraSetup, parameters: Parameters, points: _Vector, links: Sequence[str]
    ) -> _Vector:
        """``(S, 2, p)`` derivatives of undistorted pixels by the parameters, of ``(S, 3)`` points fixed to links."""
        by_joints = self.model.kinematics.point_jacobians(view.joint_positions, links, points)
        return parameters.jacobian(setup, points, by_joints, known_velocities(self.frame))

    def _gaps(self, view: RobotView, setup: CameraSetup) -> _Gaps:
        return self._edge_gaps(view, setup) if self.by_edges else self._mask_gaps(view, setup)

    def _edge_gaps(self, view: RobotView, setup: CameraSetup) -> _Gaps:
        image, pose = robot_image(view, self.hypothesis), setup.camera_T_base.as_matrix()
        if self.samples is None:
            contour = image_contour(self.model.surface, image, pose)
        else:
            contour = self.samples.posed(self.model, view.joint_positions)
        return _Gaps(contour, *image.view.gaps(contour, pose), np.eye(2) / image.view.unit, _EDGE)

    def _mask_gaps(self, view: RobotView, setup: CameraSetup) -> _Gaps:
        masked = masked_robots([view], [self.hypothesis])
        ((vertices, mask),) = masked.seen
        T = masked.to_crop(setup.camera_T_base).as_matrix()
        if self.samples is None:
            size = mask.mask.shape[::-1]
            contour = find_contour(self.model.surface, vertices, (T[:3, :3], T[:3, 3]), mask.lens, size)
        else:
            contour = self.samples.posed(self.model, view.joint_positions)
        places = mask.lens.project(contour.points @ T[:3, :3].T + T[:3, 3])
        gaps = mask.gaps(places, contour.normals) - contour.margins
        linear = self.hypothesis.crop.matrix[:, :2]
        return _Gaps(contour, gaps, mask.shows(places, contour.normals), linear, _MASK)

    def _contour(self, view: RobotView, setup: CameraSetup, parameters: Parameters) -> Equations:
        found = self._gaps(view, setup)
        contour, all_gaps, shown, linear, constants = found
        met, surface = np.isfinite(all_gaps), self.model.surface
        gaps = all_gaps[met]
        links = [surface.links[i] for i in surface.vertex_links[contour.ends[met, 0]]]
        J = self._jacobian(view, setup, parameters, contour.points[met], links)
        J = np.einsum("sa,ab,sbp->sp", contour.normals[met], linear, J)
        scale = found.scale if self.contour_scale is None else self.contour_scale
        squares, votes = (gaps / scale) ** 2, contour.lengths / constants.correlation_length
        weights = tukey_weights(squares, CUT**2) * votes[met] / scale**2
        missed = float(np.sum(votes[shown & ~met])) * CUT**2 / 3.0  # no boundary is near: as bad as any outlier
        return Equations(
            (J * weights[:, None]).T @ J,
            J.T @ (weights * gaps),
            float(np.sum(votes[met] * tukey(squares, CUT**2))) + missed,
            float(np.sum(votes[shown])),
            float(np.sum(contour.lengths[met][np.abs(gaps) < constants.inlier_distance])),
            float(np.sum(contour.lengths[shown])),
        )


class _Boundary(NamedTuple):
    """What is known of a kind of boundary: correlation length and inlier distance, and least standard deviation."""

    correlation_length: float
    inlier_distance: float
    least_scale: float


_MASK = _Boundary(CORRELATION_LENGTH, INLIER_DISTANCE, LEAST_SCALE)
_EDGE = _Boundary(EDGE_CORRELATION_LENGTH, EDGE_INLIER_DISTANCE, LEAST_EDGE_SCALE)


class _Gaps(NamedTuple):
    """A contour beside a boundary.

    Attributes:
        contour: The contour.
        gaps: ``(S,)`` distances of its samples to the boundary; NaN where there is none.
        shown: ``(S,)`` which samples the image shows.
        linear: ``(2, 2)`` from pixels of the image to those in which the gaps are.
        constants: Of the boundary.
    """

    contour: Contour
    gaps: _Vector
    shown: NDArray[np.bool_]
    linear: _Vector
    constants: _Boundary

    @property
    def scale(self) -> float:
        """Robust standard deviation of the boundary."""
        met = np.abs(self.gaps[np.isfinite(self.gaps)])
        return max(self.constants.least_scale, NORMAL * float(np.median(met)) if len(met) else 0.0)


def tukey_weights(squares: _Vector, cut: float) -> _Vector:
    """Weights of squared residuals under Tukey's biweight cost."""
    return np.asarray(np.clip(1.0 - squares / cut, 0.0, None) ** 2)


def tukey(squares: _Vector, cut: float) -> _Vector:
    """Tukey's biweight cost of squared residuals, equal to them near 0 and constant from ``cut`` on."""
    return np.asarray(cut / 3.0 * (1.0 - np.clip(1.0 - squares / cut, 0.0, None) ** 3))
