"""The part of space that projects into a camera's image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["FieldOfView"]


class FieldOfView:
    """The pyramid in front of a camera whose points project into its image (lens distortion ignored).

    Attributes:
        normals: ``(5, 3)`` unit normals, pointing inwards, of the planes that bound it, world axes.
    """

    def __init__(self, camera: PinholeCamera, camera_T_world: NDArray[np.float64]) -> None:
        """The field of view of intrinsics at a ``(4, 4)`` pose of the world in the camera."""
        c = camera
        left, right = (c.fx, 0.0, c.cx), (-c.fx, 0.0, c.width - c.cx)
        top, bottom = (0.0, c.fy, c.cy), (0.0, -c.fy, c.height - c.cy)
        planes = np.array([(0.0, 0.0, 1.0), left, right, top, bottom])
        planes /= np.linalg.norm(planes, axis=1, keepdims=True)
        self.normals = planes @ camera_T_world[:3, :3]
        self._offsets = planes @ camera_T_world[:3, 3:]

    def depths(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(5, N)`` distances of ``(N, 3)`` world points from each plane, positive on its inner side, metres."""
        return self.normals @ points.T + self._offsets
