"""Poses as ``(4, 4)`` matrices, for what is computed at every step.

A pose ``a_T_b`` is the homogeneous matrix of the :class:`~scipy.spatial.transform.RigidTransform` of that name, so that
``a_T_c = a_T_b @ b_T_c``. The functions do the arithmetic of that class without its checks and without
orthonormalising, in a hundredth of the time: their input must be rigid already.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from .deferred_transform import DeferredTransform

__all__ = [
    "inverse_matrix",
    "matrix_error",
    "matrix_twist",
    "moved_matrix",
    "pose_from_matrix",
    "pose_matrix",
    "rotation_matrix",
    "rotation_vector",
]

_SMALL = 1e-4  # rad: series are exact to rounding below
_NEAR_PI = -0.99  # cosine, below which the antisymmetric part of a rotation is too small to give its axis


def pose_matrix(rotation: NDArray[np.float64], translation: ArrayLike) -> NDArray[np.float64]:
    """``(4, 4)`` pose of a ``(3, 3)`` rotation matrix and a ``(3,)`` translation, metres."""
    T = np.zeros((4, 4))
    T[:3, :3] = rotation
    T[:3, 3] = translation
    T[3, 3] = 1.0
    return T


def pose_from_matrix(matrix: NDArray[np.float64]) -> RigidTransform:
    """The pose object of a ``(4, 4)`` rigid matrix, which is neither checked nor copied."""
    return DeferredTransform(matrix)


def inverse_matrix(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(4, 4)`` inverse of a pose."""
    R = matrix[:3, :3].T
    return pose_matrix(R, -(R @ matrix[:3, 3]))


def matrix_error(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Distance of two poses' origins (metres) and the angle between their orientations (radians)."""
    difference = a - b
    R, t = difference[:3, :3].ravel(), difference[:3, 3]
    chord = math.sqrt(R @ R)  # Frobenius norm: 2 sqrt(2) sin(angle / 2)
    return math.sqrt(t @ t), 2.0 * math.asin(min(chord / math.sqrt(8.0), 1.0))


def matrix_twist(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(6,)`` twist that moves ``start`` to ``end`` in one second, see :func:`~ctr_env.geometry.twist_between`."""
    twist = np.empty(6)
    twist[:3] = end[:3, 3] - start[:3, 3]
    twist[3:] = rotation_vector(end[:3, :3] @ start[:3, :3].T)
    return twist


def moved_matrix(matrix: NDArray[np.float64], twist: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(4, 4)`` pose after one second of a constant ``(6,)`` twist: the inverse of :func:`matrix_twist`."""
    return pose_matrix(rotation_matrix(twist[3:]) @ matrix[:3, :3], matrix[:3, 3] + twist[:3])


def rotation_vector(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3,)`` rotation vector (rad, length at most pi) of a ``(3, 3)`` rotation matrix."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation.tolist()
    cos = 0.5 * (xx + yy + zz - 1.0)
    if cos < _NEAR_PI:
        return np.asarray(Rotation.from_matrix(rotation).as_rotvec())
    x, y, z = 0.5 * (zy - yz), 0.5 * (xz - zx), 0.5 * (yx - xy)
    sin = math.sqrt(x * x + y * y + z * z)
    scale = 1.0 + sin * sin / 6.0 if sin < _SMALL else math.atan2(sin, cos) / sin
    return np.array([x * scale, y * scale, z * scale])


def rotation_matrix(vector: ArrayLike) -> NDArray[np.float64]:
    """``(3, 3)`` rotation matrix of a ``(3,)`` rotation vector, rad."""
    x, y, z = np.asarray(vector, dtype=float).tolist()
    square = x * x + y * y + z * z
    angle = math.sqrt(square)
    if angle < _SMALL:
        a, b = 1.0 - square / 6.0, 0.5 - square / 24.0
    else:
        a, b = math.sin(angle) / angle, 2.0 * (math.sin(0.5 * angle) / angle) ** 2
    return np.array(
        [
            [1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y],
            [b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x],
            [b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)],
        ]
    )
