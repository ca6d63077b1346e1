"""Points on the surface of an arm, by which the share of it that is in view is measured."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from .field_of_view import FieldOfView

__all__ = ["ArmPoints"]

_COUNT = 400
_ROUNDING = 1e-6
"""Metres that cover the rounding of a point's distance from the edge of the view."""


class ArmPoints:
    """Some vertices of mesh geoms.

    A geom whose bounding sphere lies inside or outside the field of view is counted as a whole; only the points of the
    others are compared with it.

    Attributes:
        geoms: ``(N,)`` geom of each point.
        local: ``(N, 3)`` points in the frames of their geoms, metres.
    """

    def __init__(self, model: mujoco.MjModel, geoms: Sequence[int]) -> None:
        """Take about 400 vertices, evenly over the meshes of the given geoms."""
        counts = np.array([model.mesh_vertnum[model.geom_dataid[geom]] for geom in geoms])
        step = max(1, int(counts.sum() // _COUNT))
        meshes = [_vertices(model, model.geom_dataid[geom])[::step] for geom in geoms]
        self._geoms = np.array(geoms)
        self._counts = np.array([len(points) for points in meshes])
        self._radii = np.array([np.linalg.norm(points, axis=1).max() for points in meshes]) + _ROUNDING
        self._columns = [np.vstack([points.T, np.ones(len(points))]) for points in meshes]  # (4, P)
        self._clearances = np.empty((5, self._counts.sum()))
        self.geoms = np.repeat(self._geoms, self._counts)
        self.local = np.concatenate(meshes)

    def share_in_view(self, data: mujoco.MjData, view: FieldOfView) -> float:
        """Share of the points that project into the image (occlusion and lens distortion ignored), 0 to 1.

        Args:
            data: State of the model, whose geoms have been placed.
            view: The camera's field of view.
        """
        depths = view.depths(data.geom_xpos.take(self._geoms, axis=0))
        depth = depths.min(axis=0)
        count = int(self._counts.dot(depth > self._radii))
        divided = np.flatnonzero(np.abs(depth) <= self._radii)
        if len(divided):
            count += self._count_points(data, view, divided, depths)
        return float(count / len(self.local))

    def _count_points(
        self, data: mujoco.MjData, view: FieldOfView, divided: NDArray[np.intp], depths: NDArray[np.float64]
    ) -> int:
        """How many points of some geoms are in view, given the ``(5, G)`` depths of the origins of all geoms."""
        planes = np.empty((len(divided), 5, 4))  # in the frames of the geoms
        planes[:, :, :3] = view.normals @ data.geom_xmat.take(self._geoms[divided], axis=0).reshape(-1, 3, 3)
        planes[:, :, 3] = depths[:, divided].T
        end = 0
        for i, plane in zip(divided.tolist(), planes, strict=True):
            start, end = end, end + self._columns[i].shape[1]
            np.matmul(plane, self._columns[i], out=self._clearances[:, start:end])
        return int(np.count_nonzero(self._clearances[:, :end].min(axis=0) > 0.0))


def _vertices(model: mujoco.MjModel, mesh: int) -> NDArray[np.float64]:
    start = model.mesh_vertadr[mesh]
    return model.mesh_vert[start : start + model.mesh_vertnum[mesh]].astype(float)
