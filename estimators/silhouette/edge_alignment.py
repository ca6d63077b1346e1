"""Edge alignment: refining a pose so that the projected mesh contour lies on edges of the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, matrix_twist, moved_matrix, pose_from_matrix
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import along_normals
from .contour import Contour, Lens, find_contour
from .contour_pull import CUT, NORMAL, contour_jacobian, middle
from .image_edges import image_edges, line_distances

__all__ = ["FARTHEST_EDGE", "EdgeAligned", "ImageView", "RobotImage", "align_edges"]

_STEP = 0.5  # units between the samples of a line; all lengths below are in units, too
_REACH, _WINDOW = 6, 6  # samples: farthest edge from the contour, and size of the windows on its two sides
FARTHEST_EDGE = _STEP * _REACH
"""Farthest edge that is searched for, units."""
_LEAST_CONTRAST = 3.0
_FARTHEST_MARGIN = 0.5  # of samples at corners, whose boundary lies elsewhere than the edge of the mesh
_FEWEST = 20  # least number of samples with an edge
_ROUNDS, _STEPS = 2, 2  # computed contours, and Gauss-Newton steps for each
_STILL = 0.1  # after a step that moves no sample farther, none follows
_LEAST_SCALE = 0.5  # least standard deviation of an edge
_CORRELATION_LENGTH = 32.0  # of the edges' errors along the contour
_INLIER = 1.0  # largest distance of the contour from an edge that counts as its own
_PRIOR_SHARE = 0.3  # weight of what was known before: mask boundary and keypoints err together

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class ImageView:
    """An image with its camera.

    Attributes:
        image: ``(H, W, 3)`` uint8.
        camera: Intrinsics.
        unit: Length in which edges are located, pixels: 1 for a sharp image and a pose that is accurate to a pixel.
    """

    image: NDArray[np.uint8]
    camera: PinholeCamera
    unit: float = 1.0

    @property
    def lens(self) -> Lens:
        """The camera without its distortion."""
        camera = self.camera
        return Lens(camera.fx, camera.fy, camera.cx, camera.cy)

    @property
    def focal(self) -> _Vector:
        """``(2,)`` focal lengths in units."""
        return np.array([self.camera.fx, self.camera.fy]) / self.unit

    def lines(self, pixels: _Vector, normals: _Vector) -> _Vector:
        """``(S, N, 2)`` pixels of the image along ``(S, 2)`` normals through ``(S, 2)`` undistorted pixels."""
        at = along_normals(pixels, normals, _STEP * self.unit * line_distances(_REACH, _WINDOW))
        if self.camera.distortion:
            at = self.camera.project(self.lens.rays(at.reshape(-1, 2))).reshape(at.shape)
        return at


class RobotImage(NamedTuple):
    """The robot in one image.

    Attributes:
        joint_positions: ``(n,)`` rad.
        vertices: ``(V, 3)`` vertices of its surface there, in the base frame, metres.
        view: The image.
    """

    joint_positions: _Vector
    vertices: _Vector
    view: ImageView


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


class _Edges(NamedTuple):
    """Edges beside the samples of a contour.

    Attributes:
        samples: ``(E,)`` numbers of the samples that lie beside an edge.
        gaps: ``(E,)`` distances to it along the normals.
        jacobian: ``(E, 6)`` derivatives of the samples along their normals by the twist.
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

    def normal_equations(self) -> tuple[_Vector, _Vector]:
        """``(6, 6)`` information and ``(6,)`` force."""
        weighted = self.jacobian * self.weights[:, None]
        return weighted.T @ self.jacobian, weighted.T @ self.gaps


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
    measurement with a part of its information.

    Args:
        kinematics: The robot's kinematics.
        surface: Its mesh.
        images: The images; several are those of one static camera.
        camera_T_base: Pose to refine, which brings the contours within three units of the edges.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.

    Returns:
        The pose; ``None`` where too little of the contours lies beside an edge.
    """
    given, known = camera_T_base.as_matrix(), _PRIOR_SHARE * np.linalg.inv(covariance)
    pose, total, coupling = given, known, np.zeros((6, kinematics.n))
    for _ in range(_ROUNDS):
        contours, farthest = [_contour(surface, image, pose) for image in images], 0.0
        for _ in range(_STEPS):
            found = _all_edges(contours, images, pose)
            if not found:
                return None
            equations = [edges.normal_equations() for edges in found.values()]
            total = known + sum(information for information, _ in equations)
            force = sum(force for _, force in equations) - known @ matrix_twist(given, pose)
            step = np.linalg.solve(total, force)
            before, pose = pose, moved_matrix(pose, step)
            moved = max(float(np.abs(edges.jacobian @ step).max()) for edges in found.values())
            farthest = max(farthest, moved)
            if moved < _STILL:
                break
        if farthest < _STILL:
            break
    for i, edges in found.items():
        coupling += _joint_coupling(kinematics, surface, images[i], contours[i], edges, before)
    inverse = np.linalg.inv(total)
    away = np.concatenate([np.abs(edges.gaps - edges.jacobian @ step) for edges in found.values()])
    lengths = np.concatenate([edges.lengths for edges in found.values()])
    return EdgeAligned(
        pose_from_matrix(pose),
        inverse,
        -inverse @ coupling,
        float(lengths[away < _INLIER].sum()) / sum(edges.in_view for edges in found.values()),
        NORMAL * middle(away),
    )


def _contour(surface: RobotSurface, image: RobotImage, pose: _Vector) -> Contour:
    """The contour at a pose, in units, without samples at corners."""
    _, vertices, view = image
    lens, unit = view.lens, view.unit
    pixels = lens.project(vertices @ pose[:3, :3].T + pose[:3, 3])
    size = np.array([view.camera.width, view.camera.height], dtype=float)
    low, high = np.clip(pixels.min(axis=0), -size, size), np.clip(pixels.max(axis=0), 0.0, 2.0 * size)
    width, height = np.ceil((high - low) / unit).astype(int) + 1
    part = Lens(lens.fx / unit, lens.fy / unit, (lens.cx - low[0]) / unit, (lens.cy - low[1]) / unit)
    found = find_contour(surface, vertices, (pose[:3, :3], pose[:3, 3]), part, (width, height))
    kept = np.abs(found.margins) < _FARTHEST_MARGIN
    return Contour(*(getattr(found, name)[kept] for name in ("points", "normals", "margins", "lengths", "ends")))


def _all_edges(contours: Sequence[Contour], images: Sequence[RobotImage], pose: _Vector) -> dict[int, _Edges]:
    """The edges beside the contours, by number of the image; without images that have too few."""
    every = (_edges(contour, image.view, pose) for contour, image in zip(contours, images, strict=True))
    return {i: edges for i, edges in enumerate(every) if edges is not None}


def _edges(contour: Contour, view: ImageView, pose: _Vector) -> _Edges | None:
    """The edges beside a contour at a pose; ``None`` where there are too few."""
    if len(contour.points) < _FEWEST:
        return None
    rotated = contour.points @ pose[:3, :3].T
    points = rotated + pose[:3, 3]
    pixels = view.lens.project(points) + view.unit * contour.margins[:, None] * contour.normals
    lines = view.lines(pixels, contour.normals)
    edges = image_edges(view.image, lines, _REACH, _WINDOW)
    inside = view.camera.contains(lines[:, 0]) & view.camera.contains(lines[:, -1])
    met = np.flatnonzero(inside & (edges.contrasts > _LEAST_CONTRAST) & (np.abs(edges.positions) < _REACH))
    if len(met) < _FEWEST:
        return None
    gaps = _STEP * edges.positions[met]
    jacobian = contour_jacobian(rotated[met], points[met], contour.normals[met] * view.focal)
    scale = max(_LEAST_SCALE, NORMAL * middle(np.abs(gaps)))
    trust = np.clip(1.0 - (gaps / (CUT * scale)) ** 2, 0.0, None) ** 2
    lengths = contour.lengths[met]
    weights = trust * lengths / (_CORRELATION_LENGTH * scale**2)
    return _Edges(met, gaps, jacobian, lengths, weights, float(contour.lengths[inside].sum()))


def _joint_coupling(
    kinematics: RobotKinematics,
    surface: RobotSurface,
    image: RobotImage,
    contour: Contour,
    edges: _Edges,
    pose: _Vector,
) -> _Vector:
    """``(6, n)`` block of the normal equations between the twist and joint offsets."""
    points = contour.points[edges.samples]
    links = [surface.links[i] for i in surface.vertex_links[contour.ends[edges.samples, 0]]]
    by_joints = pose[:3, :3] @ kinematics.point_jacobians(image.joint_positions, links, points)  # (E, 3, n)
    moved = np.einsum("ei,ein->en", edges.jacobian[:, :3], by_joints)  # a translation's derivatives are a point's
    return np.asarray((edges.jacobian * edges.weights[:, None]).T @ moved)
