"""The projected mesh contour: the edges of the robot's surface that bound its silhouette in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.scenes.robots.surfaces import RobotSurface

from .boundary import along_normals, boundary_distances
from .clipping import NEAR
from .coverage import enclosed

__all__ = ["Contour", "Lens", "find_contour", "project", "silhouette"]

_BESIDE = 1.2  # pixels between an edge and the points at which coverage is tested on its two sides
_ACROSS = np.arange(-1.5, 1.51, 0.25)  # pixels along the normal in which the silhouette's boundary is located
_SHORTEST, _SPACING = 0.3, 3.0  # pixels: shortest edge that is sampled, spacing of samples along longer ones
_MOST = 300  # samples of a contour; of more than that, every second or third is kept


@dataclass(frozen=True)
class Lens:
    """A pinhole camera without distortion, in pixels: (x, y, z) projects to (fx x/z + cx, fy y/z + cy)."""

    fx: float
    fy: float
    cx: float
    cy: float

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(..., 2)`` pixels of camera-frame points ``(..., 3)``; depths below ``NEAR`` are replaced by it."""
        return project(points, self.fx, self.fy, self.cx, self.cy)

    def rays(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(N, 3)`` camera-frame points at z = 1 that project to pixels ``(N, 2)``."""
        rays = (pixels - (self.cx, self.cy)) / (self.fx, self.fy)
        return np.concatenate([rays, np.ones((len(rays), 1))], axis=1)


def project(
    points: NDArray[np.float64], fx: ArrayLike, fy: ArrayLike, cx: ArrayLike, cy: ArrayLike
) -> NDArray[np.float64]:
    """The result of :meth:`Lens.project` with a lens for every point."""
    x, y, z = np.moveaxis(points, -1, 0)
    depth = np.maximum(z, NEAR)
    planes = np.stack([x / depth * fx + cx, y / depth * fy + cy])  # each coordinate in one piece of memory
    return np.moveaxis(planes, 0, -1)


@dataclass(frozen=True)
class Contour:
    """Samples of a contour.

    Attributes:
        points: ``(S, 3)`` points on the robot in the base frame, metres.
        normals: ``(S, 2)`` unit normals in the image, away from the robot.
        margins: ``(S,)`` distance along the normals to the boundary of the rasterised silhouette, to which distances in
            a mask must be compared. It differs from 0 at corners and where several edges run side by side.
        lengths: ``(S,)`` length of contour that each sample represents, pixels.
        ends: ``(S, 2)`` vertices of the surface's edge that each sample lies on.
    """

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    margins: NDArray[np.float64]
    lengths: NDArray[np.float64]
    ends: NDArray[np.int64]


def find_contour(
    surface: RobotSurface,
    vertices: NDArray[np.float64],
    pose: tuple[NDArray[np.float64], NDArray[np.float64]],
    lens: Lens,
    size: tuple[int, int],
) -> Contour:
    """Contour of a robot in an image.

    An edge of the surface belongs to the contour if it separates a triangle that faces the camera from one that does
    not, or bounds the surface, and if the robot covers exactly one of its two sides.

    Args:
        surface: The robot.
        vertices: ``(V, 3)`` its vertices in the base frame, metres.
        pose: Rotation ``(3, 3)`` and translation ``(3,)``, metres, of the base in the camera.
        lens: Camera.
        size: Width and height of the image, pixels.
    """
    seen = vertices @ pose[0].T + pose[1]
    pixels = lens.project(seen)
    windings = surface.windings(_facing(surface, pixels, seen[:, 2] > NEAR))
    candidates = np.flatnonzero(windings != 0)
    edges = surface.edges.take(candidates, axis=0)
    ends = pixels.take(edges, axis=0)
    covered = enclosed(ends, windings[candidates], size)
    samples = _samples(ends, size)
    left, right = (_lookup(covered, samples.pixels + side * samples.normals) for side in (_BESIDE, -_BESIDE))
    outer = np.flatnonzero(left != right)
    every = len(outer) // _MOST + 1
    outer = outer[::every]
    pixels, normals = samples.pixels[outer], np.where(left[outer, None], -1.0, 1.0) * samples.normals[outer]
    margins = boundary_distances(covered.astype(np.float32), along_normals(pixels, normals, _ACROSS), _ACROSS)
    kept = np.isfinite(margins)
    outer, normals, margins = outer[kept], normals[kept], margins[kept]
    a, b = edges[samples.edges[outer]].T
    # the midpoint of a projected edge is not the projection of its midpoint: weigh by depth
    share = samples.shares[outer]
    share = share * seen[a, 2] / (share * seen[a, 2] + (1.0 - share) * seen[b, 2])
    points = vertices[a] + share[:, None] * (vertices[b] - vertices[a])
    return Contour(points, normals, margins, every * samples.lengths[outer], edges[samples.edges[outer]])


def silhouette(
    surface: RobotSurface,
    vertices: NDArray[np.float64],
    camera_T_base: RigidTransform,
    lens: Lens,
    size: tuple[int, int],
) -> NDArray[np.bool_]:
    """``(H, W)`` bool pixels whose centres show the robot.

    Args:
        surface: The robot.
        vertices: ``(V, 3)`` its vertices in the base frame, metres.
        camera_T_base: Pose of the base in the camera.
        lens: Camera.
        size: Width and height of the image, pixels.
    """
    seen = camera_T_base.apply(vertices)
    pixels = lens.project(seen)
    windings = surface.windings(_facing(surface, pixels, seen[:, 2] > NEAR))
    boundary = np.flatnonzero(windings)
    return enclosed(pixels[surface.edges[boundary]], windings[boundary], size)


def _facing(surface: RobotSurface, pixels: NDArray[np.float64], in_front: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``(F,)`` bool, triangles whose outside faces the camera and that lie entirely beyond the near plane."""
    x, y = (part.take(surface.faces.T) for part in np.ascontiguousarray(pixels.T))
    facing = np.asarray((x[1] - x[0]) * (y[2] - y[0]) < (y[1] - y[0]) * (x[2] - x[0]))
    return facing if in_front.all() else facing & in_front[surface.faces].all(axis=1)


class _Samples(NamedTuple):
    """Samples of edges in an image."""

    edges: NDArray[np.int64]
    """``(S,)`` number of the edge."""
    shares: NDArray[np.float64]
    """``(S,)`` position between its ends, 0 to 1."""
    pixels: NDArray[np.float64]
    """``(S, 2)`` pixels."""
    normals: NDArray[np.float64]
    """``(S, 2)`` unit normals, to one side or the other."""
    lengths: NDArray[np.float64]
    """``(S,)`` length of edge that each sample represents, pixels."""


def _samples(ends: NDArray[np.float64], size: tuple[int, int]) -> _Samples:
    """Samples of edges with ends at ``(E, 2, 2)`` pixels, without edges that lie outside the image."""
    (x, y), (to_x, to_y) = np.ascontiguousarray(ends.transpose(1, 2, 0))
    lengths = np.hypot(to_x - x, to_y - y)
    near = (np.maximum(x, to_x) > 0) & (np.maximum(y, to_y) > 0)
    near &= (np.minimum(x, to_x) < size[0]) & (np.minimum(y, to_y) < size[1])
    numbers = np.flatnonzero(near & (lengths > _SHORTEST))
    parts = np.ceil(lengths[numbers] / _SPACING).astype(int).clip(1, _MOST)
    edges = np.repeat(numbers, parts)
    count = np.repeat(parts, parts)
    shares = (np.arange(len(edges)) - np.repeat(np.cumsum(parts) - parts, parts) + 0.5) / count
    x, y, to_x, to_y, length = (part.take(edges) for part in (x, y, to_x, to_y, lengths))
    along_x, along_y = to_x - x, to_y - y
    pixels = np.stack([x + shares * along_x, y + shares * along_y]).T
    normals = np.stack([along_y / length, -along_x / length]).T
    return _Samples(edges, shares, pixels, normals, length / count)


def _lookup(covered: NDArray[np.bool_], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points ``(N, 2)`` lie in covered pixels; points outside the image do not."""
    height, width = covered.shape
    columns, rows = np.floor(points).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    return np.asarray(inside & covered[np.where(inside, rows, 0), np.where(inside, columns, 0)])
