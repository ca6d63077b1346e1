"""Images of points on the gripper, and how they move: interaction matrices.

The matrices are those of F. Chaumette and S. Hutchinson, "Visual Servo Control, Part I: Basic Approaches", IEEE
Robotics and Automation Magazine 13(4), 2006, equation 11: they map the twist of a *camera*, in its own axes, to the
motion of the image of a point at rest. Here the camera stands and the gripper moves (eye-to-hand; Part II of the
article, 14(1), 2007): a gripper whose particle at the camera's origin has the twist V moves in the image as it would if
the camera had the twist -V. :func:`spatial_twist_map` maps the end effector's twist to V.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

__all__ = ["MIN_DEPTH_M", "point_matrix", "project", "skew", "spatial_twist_map"]

MIN_DEPTH_M = 0.02
"""Depth that stands for a smaller or negative one: what lies behind the camera has no image."""
_MAX_COORDINATE = 50.0
"""Bound of normalised image coordinates: rays at 89 degrees from the optical axis."""


def project(camera_points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normalised image coordinates and depths of ``(P, 3)`` points in the camera frame.

    Returns:
        ``(P, 2)`` coordinates (x / z, y / z) and ``(P,)`` depths, metres. Both are bounded: a point behind the camera
        counts as one just before it.
    """
    depth = np.maximum(camera_points[:, 2], MIN_DEPTH_M)
    xy = camera_points[:, :2] / depth[:, None]
    return np.clip(xy, -_MAX_COORDINATE, _MAX_COORDINATE), depth


def point_matrix(xy: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(2P, 6)`` interaction matrix of ``(P, 2)`` normalised image points at ``(P,)`` depths (m).

    Rows are ordered x0, y0, x1, ...; ``d(x, y)/dt = matrix @ (camera's twist in camera axes)`` in 1/s.
    """
    x, y = xy.T
    zero, inverse = np.zeros_like(x), 1.0 / depth
    rows = np.array(
        [
            [-inverse, zero, x * inverse, x * y, -(1.0 + x * x), y],
            [zero, -inverse, y * inverse, 1.0 + y * y, -x * y, -x],
        ]
    )
    return np.ascontiguousarray(rows.transpose(2, 0, 1)).reshape(-1, 6)


def spatial_twist_map(camera_T_base: RigidTransform, camera_T_ee: RigidTransform) -> NDArray[np.float64]:
    """``(6, 6)`` map from the end effector's twist to that of the gripper's particle at the camera's origin.

    The first is in base axes at the end effector's origin, the second in camera axes; m/s and rad/s.
    """
    camera_R_base = camera_T_base.as_matrix()[:3, :3]
    W = np.zeros((6, 6))
    W[:3, :3] = W[3:, 3:] = camera_R_base
    W[:3, 3:] = skew(camera_T_ee.as_matrix()[:3, 3]) @ camera_R_base
    return W


def skew(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3, 3)`` matrix of the cross product with a ``(3,)`` vector."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
