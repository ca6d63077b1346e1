"""Points on the surface of an arm, by which the share of it that is in view is measured."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["ArmPoints"]

_COUNT = 400
_ROUNDING = 1e-6
"""Metres that cover the rounding of a point's distance from the edge of the view."""


class ArmPoints:
    """Some vertices of mesh geoms.

    A geom whose bounding sphere lies inside or outside the field of view is counted as a whole; only the points of the
    others are projected.

    Attributes:
        geoms: ``(N,)`` geom of each point.
        local: ``(N, 3)`` points in the frames of their geoms, metres.
    """

    def __init__(self, model: mujoco.MjModel, geoms: Sequence[int]) -> None:
        """Take about 400 vertices, evenly over the meshes of the given geoms."""
        counts = np.array([model.mesh_vertnum[model.geom_dataid[geom]] for geom in geoms])
        step = max(1, int(counts.sum() // _COUNT))
        self._meshes = [_vertices(model, model.geom_dataid[geom])[::step] for geom in geoms]
        self._geoms = np.array(geoms)
        self._counts = np.array([len(points) for points in self._meshes])
        self._radii = np.array([np.linalg.norm(points, axis=1).max() for points in self._meshes]) + _ROUNDING
        self._view: tuple[PinholeCamera, NDArray[np.float64]] | None = None
        self.geoms = np.repeat(self._geoms, self._counts)
        self.local = np.concatenate(self._meshes)

    def share_in_view(self, data: mujoco.MjData, camera: PinholeCamera, camera_T_world: NDArray[np.float64]) -> float:
        """Share of the points that project into the image (occlusion and lens distortion ignored), 0 to 1.

        Args:
            data: State of the model, whose geoms have been placed.
            camera: Intrinsics.
            camera_T_world: ``(4, 4)`` pose of the world in the camera.
        """
        R, p = camera_T_world[:3, :3], camera_T_world[:3, 3]
        planes = self._planes(camera)
        origins = data.geom_xpos.take(self._geoms, axis=0) @ R.T + p
        depth = (planes @ origins.T).min(axis=0)  # of a geom's origin inside the field of view
        count = int(self._counts.dot(depth > self._radii))
        divided = np.flatnonzero(np.abs(depth) <= self._radii)
        if len(divided):
            axes = R @ data.geom_xmat.take(self._geoms[divided], axis=0).reshape(-1, 3, 3)
            owner = np.repeat(np.arange(len(divided)), self._counts[divided])
            local = np.concatenate([self._meshes[i] for i in divided.tolist()])
            points = np.einsum("nij,nj->ni", axes.take(owner, axis=0), local) + origins.take(divided[owner], axis=0)
            count += np.count_nonzero((planes @ points.T).min(axis=0) > 0.0)
        return count / len(self.local)

    def _planes(self, camera: PinholeCamera) -> NDArray[np.float64]:
        """``(5, 3)`` unit normals, pointing inwards, of the planes through the camera that bound its field of view."""
        if self._view is None or self._view[0] is not camera:
            c = camera
            left, right = (c.fx, 0.0, c.cx), (-c.fx, 0.0, c.width - c.cx)
            top, bottom = (0.0, c.fy, c.cy), (0.0, -c.fy, c.height - c.cy)
            normals = np.array([(0.0, 0.0, 1.0), left, right, top, bottom])
            self._view = camera, normals / np.linalg.norm(normals, axis=1, keepdims=True)
        return self._view[1]


def _vertices(model: mujoco.MjModel, mesh: int) -> NDArray[np.float64]:
    start = model.mesh_vertadr[mesh]
    return model.mesh_vert[start : start + model.mesh_vertnum[mesh]].astype(float)
