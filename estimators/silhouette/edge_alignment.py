"""Edge alignment: refining a pose so that the projected mesh contour lies on edges of the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, matrix_twist, moved_matrix, pose_from_matrix
from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import along_normals
from .contour import Contour, Lens, find_contour
from .contour_pull import CUT, NORMAL, contour_jacobian, middle
from .image_edges import image_edges, line_distances

__all__ = ["EdgeAligned", "ImageView", "RobotImage", "align_edges"]

_STEP = 0.5  # units between the samples of a line; all lengths below are in units, too
_REACH, _WINDOW = 6, 6  # samples: farthest edge from the contour, and size of the windows on its two sides
_LEAST_CONTRAST = 3.0
_FARTHEST_MARGIN = 0.5  # of samples at corners, whose boundary lies elsewhere than the edge of the mesh
_FEWEST = 20  # least number of samples with an edge
_ROUNDS, _STEPS = 2, 2  # computed contours, and Gauss-Newton steps for each
_STILL = 0.1  # after a step that moves no sample farther, none follows
_LEAST_SCALE = 0.5  # least standard deviation of an edge
_CORRELATION_LENGTH = 32.0  # of the edges' errors along the contour
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

    def lines(self, pixels: _Vector, normals: _Vector) -> _Vector:
        """``(S, N, 2)`` pixels of the image along ``(S, 2)`` normals through ``(S, 2)`` undistorted pixels."""
        at = along_normals(pixels, normals, _STEP * self.unit * line_distances(_REACH, _WINDOW))
        if self.camera.distortion:
            at = self.camera.project(self.lens.rays(at.reshape(-1, 2))).reshape(at.shape)
        return at


class RobotImage(NamedTuple):
    """The robot's surface in one image.

    Attributes:
        vertices: ``(V, 3)`` vertices of the surface in the base frame, metres.
        view: The image.
    """

    vertices: _Vector
    view: ImageView


class EdgeAligned(NamedTuple):
    """``camera_T_base`` and its ``(6, 6)`` covariance, as ``PoseEstimate.covariance``."""

    camera_T_base: RigidTransform
    covariance: _Vector


class _Edges(NamedTuple):
    """Derivatives of a contour's samples along their normals by the twist, and their normal equations."""

    jacobian: _Vector
    information: _Vector
    force: _Vector


def align_edges(
    surface: RobotSurface, images: Sequence[RobotImage], camera_T_base: RigidTransform, covariance: _Vector
) -> EdgeAligned | None:
    """Refine a pose so that the contours lie on edges of the images.

    A mask boundary is accurate to a fraction of a pixel of the network's input, an edge to a fraction of a pixel of the
    image. Gauss-Newton on the distances from the projected contour to the strongest edge near it, along the contour's
    normals (RAPID, Harris and Stennett 1990, with edges located by the colours on their two sides as in the
    contracting curve density algorithm, Hanek and Beetz 2004), with Tukey weights. The given pose enters as a
    measurement with a part of its information.

    Args:
        surface: The robot.
        images: The images; several are those of one static camera.
        camera_T_base: Pose to refine, which brings the contours within three units of the edges.
        covariance: ``(6, 6)`` its covariance, as ``PoseEstimate.covariance``.

    Returns:
        The pose; ``None`` where too little of the contours lies beside an edge.
    """
    given, known = camera_T_base.as_matrix(), _PRIOR_SHARE * np.linalg.inv(covariance)
    pose, total = given, known
    for _ in range(_ROUNDS):
        contours, farthest = [_contour(surface, image, pose) for image in images], 0.0
        for _ in range(_STEPS):
            every = [_edges(contour, view, pose) for contour, (_, view) in zip(contours, images, strict=True)]
            found = [edges for edges in every if edges is not None]
            if not found:
                return None
            total = known + sum(edges.information for edges in found)
            force = sum(edges.force for edges in found) - known @ matrix_twist(given, pose)
            step = np.linalg.solve(total, force)
            pose, moved = moved_matrix(pose, step), max(float(np.abs(e.jacobian @ step).max()) for e in found)
            farthest = max(farthest, moved)
            if moved < _STILL:
                break
        if farthest < _STILL:
            break
    return EdgeAligned(pose_from_matrix(pose), np.linalg.inv(total))


def _contour(surface: RobotSurface, image: RobotImage, pose: _Vector) -> Contour:
    """The contour at a pose, in units, without samples at corners."""
    vertices, view = image
    lens, unit = view.lens, view.unit
    pixels = lens.project(vertices @ pose[:3, :3].T + pose[:3, 3])
    size = np.array([view.camera.width, view.camera.height], dtype=float)
    low, high = np.clip(pixels.min(axis=0), -size, size), np.clip(pixels.max(axis=0), 0.0, 2.0 * size)
    width, height = np.ceil((high - low) / unit).astype(int) + 1
    part = Lens(lens.fx / unit, lens.fy / unit, (lens.cx - low[0]) / unit, (lens.cy - low[1]) / unit)
    found = find_contour(surface, vertices, (pose[:3, :3], pose[:3, 3]), part, (width, height))
    kept = np.abs(found.margins) < _FARTHEST_MARGIN
    return Contour(*(getattr(found, name)[kept] for name in ("points", "normals", "margins", "lengths", "ends")))


def _edges(contour: Contour, view: ImageView, pose: _Vector) -> _Edges | None:
    """Normal equations at a pose; ``None`` where too few samples lie beside an edge."""
    if len(contour.points) < _FEWEST:
        return None
    rotated = contour.points @ pose[:3, :3].T
    points = rotated + pose[:3, 3]
    pixels = view.lens.project(points) + view.unit * contour.margins[:, None] * contour.normals
    lines = view.lines(pixels, contour.normals)
    edges = image_edges(view.image, lines, _REACH, _WINDOW)
    inside = view.camera.contains(lines[:, 0]) & view.camera.contains(lines[:, -1])
    met = inside & (edges.contrasts > _LEAST_CONTRAST) & (np.abs(edges.positions) < _REACH)
    if met.sum() < _FEWEST:
        return None
    gaps = _STEP * edges.positions[met]
    focal = np.array([view.camera.fx, view.camera.fy]) / view.unit
    jacobian = contour_jacobian(rotated[met], points[met], contour.normals[met] * focal)
    scale = max(_LEAST_SCALE, NORMAL * middle(np.abs(gaps)))
    trust = np.clip(1.0 - (gaps / (CUT * scale)) ** 2, 0.0, None) ** 2
    weighted = jacobian * (trust * contour.lengths[met] / (_CORRELATION_LENGTH * scale**2))[:, None]
    return _Edges(jacobian, weighted.T @ jacobian, weighted.T @ gaps)
