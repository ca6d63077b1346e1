"""Edge alignment: refining a pose so that the projected mesh contour lies on edges of the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import matrix_twist, moved_matrix, pose_from_matrix
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import RobotSurface

from .contour import Contour
from .contour_pull import CUT, NORMAL, contour_jacobian, middle
from .image_view import ImageView, RobotImage, image_contour

__all__ = ["EDGE_CORRELATION_LENGTH", "EDGE_INLIER_DISTANCE", "LEAST_EDGE_SCALE", "EdgeAligned", "align_edges"]

EDGE_CORRELATION_LENGTH = 32.0
"""Correlation length of the edges' errors along the contour, units (see :class:`~.image_view.ImageView`)."""
EDGE_INLIER_DISTANCE = 1.0
"""Largest distance of the contour from an edge that counts as its own, units."""
LEAST_EDGE_SCALE = 0.5
"""Least standard deviation of an edge, units."""

_FEWEST = 20  # least number of samples with an edge
_STEPS = 2  # Gauss-Newton steps for each computed contour
_STILL = 0.1  # units: after a step that moves no sample farther, none follows


_ROUNDS = 3  # most computed contours
_PRIOR_SHARE = 0.1  # weight of what was known before: mask boundary and keypoints err together, alike in all images
_DISPLACEMENT_STD = 0.2  # units by which all edges lie outside the robot or inside

_Vector = NDArray[np.float64]


class EdgeAligned(NamedTuple):
    """A pose with what it rests on.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``, for joint positions without errors.
        joint_sensitivity: ``(6, n)`` error twist by joint offsets, as ``PoseEstimate.joint_sensitivity``.
        inlier_ratio: Share of the contour in view within a unit of an edge.
        distance: Robust standard deviation of the distance to the edges, units.
    """

    camera_T_base: RigidTransform
    covariance: _Vector
    joint_sensitivity: _Vector
    inlier_ratio: float
    distance: float


def align_edges(
    kinematics: RobotKinematics,
    surface: RobotSurface,
    images: Sequence[RobotImage],
    camera_T_base: RigidTransform,
    covariance: _Vector,
) -> EdgeAligned | None:
    """Refine a pose so that the contours lie on edges of the images.

    A mask boundary is accurate to a fraction of a pixel of the network's input, an edge to a fraction of a pixel of the
    image. Gauss-Newton on the distances from the projected contour to the strongest edge near it, along the contour's
    normals (RAPID, Harris and Stennett 1990, with edges located by the colours on their two sides as in the
    contracting curve density algorithm, Hanek and Beetz 2004), with Tukey weights. The given pose enters as a
    measurement with a part of its information. A displacement of all edges away from the robot or towards it (of
    fractions of a pixel, by blur, shading and thin parts) is solved for beside the pose: it would make the robot look
    nearer or farther than it is.

    Args:
        kinematics: The robot's kinematics.
        surface: Its mesh.
        images: The images; several are those of one static camera.
        camera_T_base: Pose to refine, which brings the contours within three units of the edges.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.

    Returns:
        The pose; ``None`` where too little of the contours lies beside an edge.
    """
    descent = _Descent(surface, images, camera_T_base.as_matrix(), covariance)
    for _ in range(_ROUNDS):
        descent.find_contours()
        farthest = 0.0
        for _ in range(_STEPS):
            moved = descent.step()
            if moved is None:
                return None
            farthest = max(farthest, moved)
            if moved < _STILL:
                break
        if farthest < _STILL:
            break
    return descent.result(kinematics)


class _Edges(NamedTuple):
    """Edges beside the samples of a contour.

    Attributes:
        samples: ``(E,)`` numbers of the samples that lie beside an edge.
        gaps: ``(E,)`` distances to it along the normals.
        jacobian: ``(E, 7)`` derivatives of the samples along their normals by the twist and by the displacement of all
            edges.
        lengths: ``(E,)`` length of contour that each sample represents.
        weights: ``(E,)`` robust weights.
        in_view: Length of the contour in view.
    """

    samples: NDArray[np.int64]
    gaps: _Vector
    jacobian: _Vector
    lengths: _Vector
    weights: _Vector
    in_view: float

    @property
    def information(self) -> _Vector:
        """``(7, 7)`` matrix of the normal equations."""
        return (self.jacobian * self.weights[:, None]).T @ self.jacobian

    @property
    def force(self) -> _Vector:
        """``(7,)`` right side."""
        return self.jacobian.T @ (self.weights * self.gaps)


class _Descent:
    """Gauss-Newton from one pose, of which a measurement with some covariance is known."""

    def __init__(self, surface: RobotSurface, images: Sequence[RobotImage], pose: _Vector, covariance: _Vector) -> None:
        self._surface, self._images = surface, images
        self._given = self._pose = self._before = pose
        known: _Vector = np.zeros((7, 7))
        known[:6, :6] = _PRIOR_SHARE * np.linalg.inv(covariance)
        known[6, 6] = _DISPLACEMENT_STD**-2
        self._known = self._total = known
        self._last_step: _Vector = np.zeros(7)
        self._contours: list[Contour] = []
        self._edges: dict[int, _Edges] = {}

    def find_contours(self) -> None:
        """Compute the contours at the present pose."""
        self._contours = [image_contour(self._surface, image, self._pose) for image in self._images]

    def step(self) -> float | None:
        """Move the pose; the largest motion of a sample, units, or ``None`` where there are too few edges."""
        pairs = zip(self._contours, self._images, strict=True)
        every = (_edges(contour, image.view, self._pose) for contour, image in pairs)
        self._edges = {i: edges for i, edges in enumerate(every) if edges is not None}
        if not self._edges:
            return None
        found = self._edges.values()
        self._total = self._known + sum(edges.information for edges in found)
        force: _Vector = np.sum([edges.force for edges in found], axis=0)
        force[:6] -= self._known[:6, :6] @ matrix_twist(self._given, self._pose)
        step: _Vector = np.asarray(np.linalg.solve(self._total, force), dtype=np.float64)
        self._before, self._pose, self._last_step = self._pose, moved_matrix(self._pose, step[:6]), step
        return max(float(np.abs(edges.jacobian[:, :6] @ step[:6]).max()) for edges in found)

    def result(self, kinematics: RobotKinematics) -> EdgeAligned:
        """The pose with what it rests on."""
        covariance: _Vector = np.asarray(np.linalg.inv(self._total), dtype=np.float64)
        found = self._edges.values()
        coupling = sum(self._joint_coupling(kinematics, i) for i in self._edges)
        away = np.concatenate([np.abs(edges.gaps - edges.jacobian @ self._last_step) for edges in found])
        lengths = np.concatenate([edges.lengths for edges in found])
        return EdgeAligned(
            pose_from_matrix(self._pose),
            covariance[:6, :6],
            -(covariance @ coupling)[:6],
            float(lengths[away < EDGE_INLIER_DISTANCE].sum()) / sum(edges.in_view for edges in found),
            NORMAL * middle(away),
        )

    def _joint_coupling(self, kinematics: RobotKinematics, number: int) -> _Vector:
        """``(7, n)`` block of an image's normal equations between unknowns and joint offsets."""
        contour, edges, surface = self._contours[number], self._edges[number], self._surface
        links = [surface.links[i] for i in surface.vertex_links[contour.ends[edges.samples, 0]]]
        joints, points = self._images[number].joint_positions, contour.points[edges.samples]
        by_joints = self._before[:3, :3] @ kinematics.point_jacobians(joints, links, points)  # (E, 3, n)
        moved = np.einsum("ei,ein->en", edges.jacobian[:, :3], by_joints)  # a translation's derivatives are a point's
        return np.asarray((edges.jacobian * edges.weights[:, None]).T @ moved)


def _edges(contour: Contour, view: ImageView, pose: _Vector) -> _Edges | None:
    """The edges beside a contour at a pose; ``None`` where there are too few."""
    if len(contour.points) < _FEWEST:
        return None
    every_gap, shown = view.gaps(contour, pose)
    met = np.flatnonzero(np.isfinite(every_gap))
    if len(met) < _FEWEST:
        return None
    gaps, lengths, rotated = every_gap[met], contour.lengths[met], contour.points[met] @ pose[:3, :3].T
    by_twist = contour_jacobian(rotated, rotated + pose[:3, 3], contour.normals[met] * view.focal)
    jacobian = np.concatenate([by_twist, np.ones((len(gaps), 1))], axis=1)
    scale = max(LEAST_EDGE_SCALE, NORMAL * middle(np.abs(gaps)))
    trust = np.clip(1.0 - (gaps / (CUT * scale)) ** 2, 0.0, None) ** 2
    weights = trust * lengths / (EDGE_CORRELATION_LENGTH * scale**2)
    return _Edges(met, gaps, jacobian, lengths, weights, float(contour.lengths[shown].sum()))
