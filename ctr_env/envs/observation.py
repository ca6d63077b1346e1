"""Observation spaces and the arrays that fill them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import matrix_to_vector, matrix_twist, pose_from_matrix

from .measurement import Measurement

if TYPE_CHECKING:
    from .loop_errors import LoopErrors

__all__ = ["FAR_M", "Snapshot", "observation", "observation_space"]


FAR_M = 100.0
"""Bound of distances in observations, metres: far beyond any physical value."""
_LONG_S = 1e4


@dataclass(frozen=True)
class Snapshot(Measurement):
    """Everything that is known, and true, at one instant.

    Attributes:
        estimate: Newest estimate.
        image: ``(H, W, 3)`` uint8 image, or ``None`` if neither observation nor estimator uses that of this frame.
    """

    estimate: PoseEstimate
    image: NDArray[np.uint8] | None

    @classmethod
    def of(cls, measured: Measurement, image: NDArray[np.uint8] | None, estimate: PoseEstimate) -> Snapshot:
        """A measurement with its image and its estimate."""
        return cls(**vars(measured), estimate=estimate, image=image)

    @cached_property
    def camera_T_goal(self) -> RigidTransform:
        """Goal pose in the camera frame."""
        return pose_from_matrix(self.camera_T_goal_matrix)

    @cached_property
    def camera_T_base(self) -> RigidTransform:
        """True camera-to-base pose."""
        return pose_from_matrix(self.camera_T_base_matrix)

    @cached_property
    def base_T_ee(self) -> RigidTransform:
        """True gripper pose."""
        return pose_from_matrix(self.base_T_ee_matrix)

    @cached_property
    def base_T_goal(self) -> RigidTransform:
        """True goal pose."""
        return pose_from_matrix(self.base_T_goal_matrix)


def observation_space(parts: tuple[str, ...], joints: int, width: int, height: int) -> spaces.Dict:
    """Space of the observations with the given parts.

    - Always: ``joint_positions`` and ``joint_velocities`` ``(n,)`` (rad, rad/s, as measured) and ``goal`` ``(9,)``, the
      goal pose in the camera frame.
    - ``state``: ``camera_pose`` ``(9,)`` (true ``camera_T_base``) and ``goal_error`` ``(6,)`` (true goal minus gripper,
      m, and the rotation vector from gripper to goal, rad, base axes).
    - ``estimate``: ``estimate_pose`` ``(9,)``, ``estimate_std`` ``(6,)`` (m, rad), ``estimate_valid`` ``(1,)`` (0 or 1)
      and ``estimate_age`` ``(1,)`` (s).
    - ``apparent``: ``apparent_error`` ``(6,)``, as ``goal_error``, by the newest valid estimate and the encoders; zeros
      before the first.
    - ``image``: ``image`` ``(H, W, 3)`` uint8 and ``intrinsics`` ``(4,)`` (fx, fy, cx, cy, pixels).
    - ``privileged``: ``privileged`` ``(21,)``, what only a simulator knows, for a critic. Elements 0 to 8 are the true
      ``camera_T_base``; 9 to 14 ``goal_error``, as in ``state``; 15 to 20 the estimate's error twist (m, rad), from the
      estimate to the true ``camera_T_base`` of this instant in camera axes at the base origin, the one whose standard
      deviations are ``estimate_std``, zero while the estimate is not valid.

    Bounds are far beyond any physical value; an estimate beyond them is clipped.
    """
    entries: dict[str, spaces.Space[Any]] = {
        "joint_positions": _real(joints, 10.0),
        "joint_velocities": _real(joints, 50.0),
        "goal": _real(9, FAR_M),
    }
    if "state" in parts:
        entries |= {"camera_pose": _real(9, FAR_M), "goal_error": _real(6, FAR_M)}
    if "estimate" in parts:
        entries |= {
            "estimate_pose": _real(9, FAR_M),
            "estimate_std": _real(6, FAR_M, low=0.0),
            "estimate_valid": _real(1, 1.0, low=0.0),
            "estimate_age": _real(1, _LONG_S, low=0.0),
        }
    if "apparent" in parts:
        entries["apparent_error"] = _real(6, FAR_M)
    if "image" in parts:
        entries |= {"image": spaces.Box(0, 255, (height, width, 3), np.uint8), "intrinsics": _real(4, 1e6)}
    if "privileged" in parts:
        entries["privileged"] = _real(21, FAR_M)
    return spaces.Dict(entries)


def observation(parts: tuple[str, ...], now: Snapshot, errors: LoopErrors) -> dict[str, NDArray[Any]]:
    """The observation of an instant, and of the errors by the newest estimate; see :func:`observation_space`."""
    entries: dict[str, NDArray[Any]] = {
        "joint_positions": now.joint_positions.astype(np.float32),
        "joint_velocities": now.joint_velocities.astype(np.float32),
        "goal": matrix_to_vector(now.camera_T_goal_matrix),
    }
    if "state" in parts:
        error = matrix_twist(now.base_T_ee_matrix, now.base_T_goal_matrix)
        entries["camera_pose"] = matrix_to_vector(now.camera_T_base_matrix)
        entries["goal_error"] = error.astype(np.float32)
    if "estimate" in parts:
        estimate = now.estimate
        entries |= {
            "estimate_pose": matrix_to_vector(estimate.camera_T_base.as_matrix()).clip(-FAR_M, FAR_M),
            "estimate_std": np.sqrt(estimate.covariance.diagonal()).clip(0.0, FAR_M).astype(np.float32),
            "estimate_valid": np.array([estimate.valid], dtype=np.float32),
            "estimate_age": np.array([now.time_s - estimate.time_s], dtype=np.float32),
        }
    if "apparent" in parts:
        entries["apparent_error"] = errors.apparent_twist.clip(-FAR_M, FAR_M).astype(np.float32)
    if "image" in parts:
        c = now.camera
        assert now.image is not None
        entries |= {"image": now.image, "intrinsics": np.array([c.fx, c.fy, c.cx, c.cy], dtype=np.float32)}
    if "privileged" in parts:
        entries["privileged"] = _privileged(now)
    return entries


def _privileged(now: Snapshot) -> NDArray[np.float32]:
    """``(21,)`` true pose of the base, true error of the gripper, error of the estimate."""
    camera_T_base, estimate = now.camera_T_base.as_matrix(), now.estimate
    vector = np.zeros(21, np.float32)
    vector[:9] = matrix_to_vector(camera_T_base)
    vector[9:15] = matrix_twist(now.base_T_ee_matrix, now.base_T_goal.as_matrix())
    if estimate.valid:
        vector[15:] = matrix_twist(estimate.camera_T_base.as_matrix(), camera_T_base).clip(-FAR_M, FAR_M)
    return vector


def _real(size: int, high: float, low: float | None = None) -> spaces.Box:
    return spaces.Box(-high if low is None else low, high, (size,), np.float32)
