"""Rigid transforms, twists and their covariances.

Transforms are :class:`scipy.spatial.transform.RigidTransform`; ``a_T_b`` maps points of frame b to frame a, so that
``a_T_c = a_T_b * b_T_c``. A *twist* is ``(6,)``: linear velocity (m/s), then angular velocity (rad/s).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import ConfigurationError, DataError

from .matrices import matrix_error, matrix_twist, moved_matrix, pose_from_matrix, pose_matrix

__all__ = [
    "body_matrix",
    "body_pose",
    "inverse_covariance",
    "look_at",
    "matrix_to_vector",
    "moved",
    "pose_error",
    "pose_to_vector",
    "transform",
    "twist_between",
    "vector_to_pose",
]


def transform(translation: ArrayLike = (0.0, 0.0, 0.0), rotation: Rotation | None = None) -> RigidTransform:
    """Rigid transform from a ``(3,)`` translation (metres) and a rotation (none: identity)."""
    rotation = Rotation.identity() if rotation is None else rotation
    return RigidTransform.from_components(np.asarray(translation, dtype=float), rotation)


def body_pose(data: Any, body: int) -> RigidTransform:
    """Pose of a body in MuJoCo's world after ``mj_kinematics`` has updated an ``MjData``.

    Args:
        data: MuJoCo's ``MjData``.
        body: Index of the body.
    """
    return pose_from_matrix(body_matrix(data, body))


def body_matrix(data: Any, body: int) -> NDArray[np.float64]:
    """``(4, 4)`` pose of a body in MuJoCo's world, likewise."""
    return pose_matrix(data.xmat[body].reshape(3, 3), data.xpos[body])


def pose_to_vector(pose: RigidTransform) -> NDArray[np.float32]:
    """``(9,)`` float32 form of a pose in observations: translation (m), then the rotation's first two columns."""
    return matrix_to_vector(pose.as_matrix())


def matrix_to_vector(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same of a ``(4, 4)`` matrix."""
    vector = np.empty(9, np.float32)
    vector[:3], vector[3:6], vector[6:] = matrix[:3, 3], matrix[:3, 0], matrix[:3, 1]
    return vector


def vector_to_pose(vector: ArrayLike) -> RigidTransform:
    """Inverse of :func:`pose_to_vector`; the two columns are orthonormalised (Gram-Schmidt).

    Raises:
        DataError: If the vector is not ``(9,)`` or its two columns do not span a plane.
    """
    vector = np.asarray(vector, dtype=float)
    if vector.shape != (9,):
        raise DataError(f"a pose vector has shape (9,), not {vector.shape}")
    x, y = vector[3:6], vector[6:9]
    normal = np.cross(x, y)
    if np.linalg.norm(normal) < 1e-9:
        raise DataError("the rotation columns of a pose vector must not be zero or parallel")
    x = x / np.linalg.norm(x)
    z = normal / np.linalg.norm(normal)
    return transform(vector[:3], Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1)))


def pose_error(a: RigidTransform, b: RigidTransform) -> tuple[float, float]:
    """Distance of two poses' origins (metres) and the angle between their orientations (radians)."""
    return matrix_error(a.as_matrix(), b.as_matrix())


def twist_between(start: RigidTransform, end: RigidTransform, duration: float = 1.0) -> NDArray[np.float64]:
    """Constant ``(6,)`` twist that moves ``start`` to ``end`` in ``duration`` seconds.

    Both are poses of one moving frame in one reference frame. The twist is expressed in the axes of the reference
    frame; its linear part is the velocity of the moving frame's origin. With a duration of one it is the error twist
    ``(v, w)`` of :attr:`~ctr_env.estimators.PoseEstimate.covariance`: ``end = (exp(w) R, t + v)`` where start is
    ``(R, t)``.
    """
    return matrix_twist(start.as_matrix(), end.as_matrix()) / duration


def moved(pose: RigidTransform, twist: ArrayLike, duration: float = 1.0) -> RigidTransform:
    """Pose after ``duration`` seconds of a constant ``(6,)`` twist: the inverse of :func:`twist_between`."""
    step = np.asarray(twist, dtype=float) * duration
    if not step.any():
        return pose
    return pose_from_matrix(moved_matrix(pose.as_matrix(), step))


def inverse_covariance(pose: RigidTransform, covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(6, 6)`` covariance of ``pose.inv()`` from that of ``pose``, both of error twists (see :func:`twist_between`).

    The lever arm between the two origins couples the parts: a rotation error of the pose becomes a translation error of
    its inverse.
    """
    T = pose.as_matrix()
    back, (x, y, z) = T[:3, :3].T, T[:3, 3]
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    jacobian = -np.block([[back, back @ cross], [np.zeros((3, 3)), back]])
    return np.asarray(jacobian @ covariance @ jacobian.T)


def look_at(eye: ArrayLike, target: ArrayLike, roll: float = 0.0) -> RigidTransform:
    """World pose of a camera (OpenCV axes) at ``eye`` that looks at ``target``, world z up.

    Args:
        eye: ``(3,)`` camera position, metres.
        target: ``(3,)`` point on the optical axis, metres.
        roll: Rotation about the optical axis, radians; positive is clockwise as seen from behind the camera.

    Returns:
        ``world_T_camera``.

    Raises:
        ConfigurationError: If eye and target coincide, or the optical axis is along world z, so that no horizon exists.
    """
    eye, target = np.asarray(eye, dtype=float), np.asarray(target, dtype=float)
    forward = target - eye
    right = np.cross(forward, (0.0, 0.0, 1.0))
    if np.linalg.norm(right) < 1e-9:
        raise ConfigurationError(f"no level view from {eye} to {target}: they must differ horizontally")
    forward = forward / np.linalg.norm(forward)
    right = right / np.linalg.norm(right)
    R = np.stack([right, np.cross(forward, right), forward], axis=1)
    return transform(eye, Rotation.from_matrix(R) * Rotation.from_rotvec([0.0, 0.0, roll]))
