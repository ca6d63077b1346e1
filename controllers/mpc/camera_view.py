"""The part of space that a camera sees, as half-spaces of the base frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, undistort_pixels

__all__ = ["HalfSpaces", "view_half_spaces"]

_NEAR = 0.1
"""Least depth of a point, metres."""
_SAMPLES = 9
"""Points of each edge of the image that are undistorted."""


@dataclass(frozen=True)
class HalfSpaces:
    """Points p with ``normals @ p >= offsets``.

    Attributes:
        normals: ``(k, 3)`` unit vectors that point inwards.
        offsets: ``(k,)`` metres.
    """

    normals: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def depths(self, points: ArrayLike) -> NDArray[np.float64]:
        """``(..., k)`` signed distances (m) of ``(..., 3)`` points to the boundaries, positive inside."""
        return np.asarray(np.asarray(points, dtype=float) @ self.normals.T - self.offsets)

    def including(self, point: ArrayLike) -> HalfSpaces:
        """The same, each moved outwards just so far that it contains a ``(3,)`` point."""
        return HalfSpaces(self.normals, self.offsets + np.minimum(self.depths(point), 0.0))

    def displaced(self, displacement: ArrayLike) -> HalfSpaces:
        """The half-spaces of points that are inside after a ``(3,)`` displacement."""
        return HalfSpaces(self.normals, self.offsets - self.normals @ np.asarray(displacement, dtype=float))


def view_half_spaces(camera: PinholeCamera, camera_T_base: RigidTransform, margin: float) -> HalfSpaces:
    """Half-spaces whose intersection projects into the image, away from its edges.

    They are bounded by the planes through the camera's centre and the edges, and by one in front of the camera. The
    curved edges of a distorted image are replaced by straight ones inside them.

    Args:
        camera: Intrinsics.
        camera_T_base: Pose of the base in the camera.
        margin: Distance from the edges, as a share of the image's width and height.

    Returns:
        Five half-spaces of the base frame: left, right, top, bottom, near.
    """
    left, right, top, bottom = _bounds(camera, margin)
    normals = np.array([[1.0, 0.0, -left], [-1.0, 0.0, right], [0.0, 1.0, -top], [0.0, -1.0, bottom], [0.0, 0.0, 1.0]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    T = camera_T_base.as_matrix()
    offsets = np.array([0.0, 0.0, 0.0, 0.0, _NEAR]) - normals @ T[:3, 3]
    return HalfSpaces(normals @ T[:3, :3], offsets)


def _bounds(camera: PinholeCamera, margin: float) -> tuple[float, float, float, float]:
    """Slopes x/z of the left and right, and y/z of the top and bottom bound."""
    along = np.linspace(margin, 1.0 - margin, _SAMPLES)
    low, high = np.full(_SAMPLES, margin), np.full(_SAMPLES, 1.0 - margin)
    shares = np.array([[low, along], [high, along], [along, low], [along, high]])  # (4, 2, samples)
    pixels = np.moveaxis(shares, 1, 2) * (camera.width, camera.height)
    slopes = (undistort_pixels(pixels, camera) - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    return (
        float(np.nanmax(slopes[0, :, 0])),
        float(np.nanmin(slopes[1, :, 0])),
        float(np.nanmax(slopes[2, :, 1])),
        float(np.nanmin(slopes[3, :, 1])),
    )
