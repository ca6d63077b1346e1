"""Displacements of a frame along its own axes."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["displaced"]

_IDENTITY = np.eye(3)
_SMALL = 1e-10
"""Squared angle (rad²) below which the rotation itself is taken for its mean."""


def displaced(pose: NDArray[np.float64], displacement: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pose of a frame after a constant body twist for one unit of time.

    The same as ``mink.SE3(pose) @ mink.SE3.exp(displacement)``, in half of the time.

    Args:
        pose: ``(7,)`` unit quaternion (w, x, y, z) and position, m.
        displacement: ``(6,)`` translation (m) and rotation (rad) in the frame's own axes.
    """
    linear, angular = displacement[:3], displacement[3:]
    axis, quaternion = angular.copy(), np.empty(4)
    mujoco.mju_axisAngle2Quat(quaternion, axis, mujoco.mju_normalize3(axis))
    moved = np.empty(7)
    mujoco.mju_mulQuat(moved[:4], pose[:4], quaternion)
    mujoco.mju_rotVecQuat(moved[4:], _integral(angular, quaternion) @ linear, pose[:4])
    moved[4:] += pose[4:]
    return moved


def _integral(angular: NDArray[np.float64], quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3, 3)`` mean rotation matrix while a frame rotates by ``angular`` (rad), whose quaternion is given."""
    angle = np.float64(mujoco.mju_norm3(angular))
    square = angle * angle
    if square < _SMALL:
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, quaternion)
        return rotation.reshape(3, 3)
    x, y, z = angular.tolist()
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    first, second = (1.0 - np.cos(angle)) / square, (angle - np.sin(angle)) / (square * angle)
    return np.asarray(_IDENTITY + first * cross + second * (cross @ cross))
