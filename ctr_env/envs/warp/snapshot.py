"""Everything that is known, and true, in N worlds at one instant, and the observations made of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ctr_env.envs.observation import FAR_M
from ctr_env.estimators.batched.base import BatchedPoseEstimate
from ctr_env.geometry.batched import poses_to_vectors, twists_between

from .loop_errors import BatchedLoopErrors

__all__ = ["BatchedSnapshot", "batched_observation"]


@dataclass(frozen=True)
class BatchedSnapshot:
    """One instant; see :class:`~ctr_env.envs.observation.Snapshot`. Tensors are float64 but for the images.

    Attributes:
        time_s: Now, seconds.
        joint_positions: ``(N, n)`` as measured, rad.
        joint_velocities: ``(N, n)`` rad/s.
        intrinsics: ``(N, 4)`` fx, fy, cx, cy, pixels.
        camera_T_goal: ``(N, 4, 4)`` goal in the camera frame.
        camera_T_base: ``(N, 4, 4)`` true camera-to-base poses.
        base_T_ee: ``(N, 4, 4)`` true gripper poses.
        base_T_goal: ``(N, 4, 4)`` true goals.
        measured_base_T_ee: ``(N, 4, 4)`` gripper poses by the encoders.
        estimate: Newest estimates.
        images: ``(N, H, W, 3)`` uint8; ``None`` if they are not observed.
    """

    time_s: float
    joint_positions: Tensor
    joint_velocities: Tensor
    intrinsics: Tensor
    camera_T_goal: Tensor
    camera_T_base: Tensor
    base_T_ee: Tensor
    base_T_goal: Tensor
    measured_base_T_ee: Tensor
    estimate: BatchedPoseEstimate
    images: Tensor | None


def batched_observation(parts: tuple[str, ...], now: BatchedSnapshot, errors: BatchedLoopErrors) -> dict[str, Tensor]:
    """The observations of all worlds; keys, shapes and types are those of one with a leading dimension N."""
    estimate = now.estimate
    entries = {
        "joint_positions": now.joint_positions.float(),
        "joint_velocities": now.joint_velocities.float(),
        "goal": poses_to_vectors(now.camera_T_goal),
    }
    if "state" in parts:
        entries["camera_pose"] = poses_to_vectors(now.camera_T_base)
        entries["goal_error"] = twists_between(now.base_T_ee, now.base_T_goal).float()
    if "estimate" in parts:
        deviations = torch.sqrt(estimate.covariance.diagonal(dim1=1, dim2=2))
        valid = estimate.valid.float()[:, None]
        entries |= {
            "estimate_pose": poses_to_vectors(estimate.camera_T_base).clamp(-FAR_M, FAR_M),
            "estimate_std": deviations.clamp(0.0, FAR_M).float(),
            "estimate_valid": valid,
            "estimate_age": torch.full_like(valid, now.time_s - estimate.time_s),
        }
    if "apparent" in parts:
        entries["apparent_error"] = errors.apparent_twist.clamp(-FAR_M, FAR_M).float()
    if "image" in parts:
        assert now.images is not None
        entries |= {"image": now.images, "intrinsics": now.intrinsics.float()}
    if "privileged" in parts:
        entries["privileged"] = _privileged(now)
    return entries


def _privileged(now: BatchedSnapshot) -> Tensor:
    """``(N, 21)`` true pose of the base, true error of the gripper, error of the estimate."""
    error = twists_between(now.estimate.camera_T_base, now.camera_T_base).clamp(-FAR_M, FAR_M)
    parts = (
        poses_to_vectors(now.camera_T_base),
        twists_between(now.base_T_ee, now.base_T_goal).float(),
        (error * now.estimate.valid[:, None]).float(),
    )
    return torch.cat(parts, dim=1)
