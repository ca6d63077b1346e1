"""Silhouettes of triangle meshes in torch, differentiable by vertices and intrinsics."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ctr_env.errors import ConfigurationError, DataError

from .boundary_gradient import Silhouette
from .clipping import NEAR, clipped_edges, clipped_triangles

__all__ = ["SilhouetteRenderer"]


class SilhouetteRenderer:
    """Renders masks of one mesh in many poses.

    A silhouette is the union of the triangles that face the camera, so no depth buffer is needed. The mask is 1 where a
    pixel's centre is covered (with ``detail``: the share of the pixel's sub-pixels whose centres are). Its gradient is
    that of the area integral of the loss over the silhouette: moving the contour by dx along a row of pixels changes
    the integral by dx times the loss's gradient there (a boundary integral, Reynolds' transport theorem). Only the
    outermost edge between a covered pixel and one that is not covered contributes; edges inside the silhouette do not
    bound it.

    Back faces are not drawn, and triangles that cross the near plane are clipped. Time and memory are proportional to
    the number of triangles, the rows that they cover and the pixels. The computation runs on the device of the inputs.
    """

    def __init__(
        self,
        faces: NDArray[np.int64],
        edges: NDArray[np.int64],
        edge_faces: NDArray[np.int64],
        size: tuple[int, int],
        detail: int = 1,
    ) -> None:
        """Prepare for a mesh and an image size.

        Args:
            faces: ``(F, 3)`` vertices of each triangle, counter-clockwise as seen from outside.
            edges: ``(E, 2)`` vertices of each edge.
            edge_faces: ``(E, 2)`` triangles beside each edge, -1 for none (see
                :class:`~ctr_env.scenes.robots.surfaces.RobotSurface`).
            size: Width and height of the masks, pixels.
            detail: Sub-pixels per pixel and axis.

        Raises:
            ConfigurationError: If a size is not positive.
        """
        if min(*size, detail) < 1:
            raise ConfigurationError(f"size and detail must be positive, not {size} and {detail}")
        self.size, self.detail = size, detail
        self._faces, self._edges, self._sides = (torch.from_numpy(part) for part in (faces, edges, edge_faces))

    def __call__(self, vertices: Tensor, intrinsics: Tensor) -> Tensor:
        """Masks of B poses.

        Args:
            vertices: ``(B, V, 3)`` in the camera frame, metres.
            intrinsics: ``(B, 4)`` fx, fy, cx, cy, pixels.

        Returns:
            ``(B, H, W)`` in [0, 1], of the vertices' type; differentiable by both.

        Raises:
            DataError: If a shape is wrong.
        """
        if vertices.ndim != 3 or vertices.shape[2] != 3:
            raise DataError(f"vertices have shape (B, V, 3), not {tuple(vertices.shape)}")
        if intrinsics.shape != (len(vertices), 4):
            raise DataError(f"intrinsics have shape ({len(vertices)}, 4), not {tuple(intrinsics.shape)}")
        scene = self._scene(vertices)
        lens = intrinsics * self.detail
        triangles = _projected(scene.triangles.detach(), lens.detach()[scene.triangle_rows])
        segments = _projected(scene.segments, lens[scene.segment_rows])
        width, height = (self.detail * length for length in self.size)
        shape = len(vertices), height, width
        mask: Any = Silhouette.apply(segments, scene.segment_rows, triangles, scene.triangle_rows, shape)
        if self.detail > 1:
            mask = functional.avg_pool2d(mask[:, None], self.detail)[:, 0]
        return mask

    def _scene(self, vertices: Tensor) -> _Scene:
        faces, edges, sides = (part.to(vertices.device) for part in (self._faces, self._edges, self._sides))
        with torch.no_grad():
            a, b, c = (vertices.detach()[:, faces[:, i]] for i in range(3))
            # the sign of the volume between camera and triangle tells which side of it faces the camera
            facing = (torch.linalg.cross(a, b) * c).sum(dim=-1) < 0.0  # (B, F)
            beyond = functional.pad(facing, (0, 1))  # number -1: no triangle
            turning = beyond[:, sides[:, 0]] != beyond[:, sides[:, 1]]
        rows, numbers = facing.nonzero(as_tuple=True)
        triangles, triangle_rows, cuts, cut_rows = clipped_triangles(vertices[rows[:, None], faces[numbers]], rows)
        rows, numbers = turning.nonzero(as_tuple=True)
        segments, segment_rows = clipped_edges(vertices[rows[:, None], edges[numbers]], rows)
        return _Scene(triangles, triangle_rows, torch.cat([segments, cuts]), torch.cat([segment_rows, cut_rows]))


class _Scene(NamedTuple):
    """Triangles and edges in camera frames, with the number of their image."""

    triangles: Tensor
    """``(T, 3, 3)`` metres."""
    triangle_rows: Tensor
    """``(T,)`` image of each."""
    segments: Tensor
    """``(S, 2, 3)`` edges that may be part of the contour, metres."""
    segment_rows: Tensor
    """``(S,)`` image of each."""


def _projected(points: Tensor, lens: Tensor) -> Tensor:
    """``(N, K, 2)`` pixels of points ``(N, K, 3)``, all beyond the near plane, in cameras ``(N, 4)``."""
    depth = points[..., 2:].clamp(min=0.5 * NEAR)
    return points[..., :2] / depth * lens[:, None, :2] + lens[:, None, 2:]
