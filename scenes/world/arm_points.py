"""Points on the surface of an arm, by which the share of it that is in view is measured."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["ArmPoints"]

_COUNT = 400


class ArmPoints:
    """Some vertices of mesh geoms.

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
        self._owner = np.repeat(np.arange(len(geoms)), [len(points) for points in meshes])
        self.geoms = self._geoms[self._owner]
        self.local = np.concatenate(meshes)

    def share_in_view(self, data: mujoco.MjData, camera: PinholeCamera, camera_T_world: NDArray[np.float64]) -> float:
        """Share of the points that project into the image (occlusion and lens distortion ignored), 0 to 1.

        Args:
            data: State of the model, whose geoms have been placed.
            camera: Intrinsics.
            camera_T_world: ``(4, 4)`` pose of the world in the camera.
        """
        R, p = camera_T_world[:3, :3], camera_T_world[:3, 3]
        axes = R @ data.geom_xmat[self._geoms].reshape(-1, 3, 3)
        origins = data.geom_xpos[self._geoms] @ R.T + p
        x, y, z = (np.einsum("nij,nj->ni", axes[self._owner], self.local) + origins[self._owner]).T
        u, v = camera.fx * x + camera.cx * z, camera.fy * y + camera.cy * z  # pixels times depth
        inside = (z > 0.0) & (u >= 0.0) & (u < camera.width * z) & (v >= 0.0) & (v < camera.height * z)
        return float(np.count_nonzero(inside)) / len(inside)


def _vertices(model: mujoco.MjModel, mesh: int) -> NDArray[np.float64]:
    start = model.mesh_vertadr[mesh]
    return model.mesh_vert[start : start + model.mesh_vertnum[mesh]].astype(float)
