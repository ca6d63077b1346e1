"""Poses as batched torch tensors: :mod:`.matrices` for many worlds on one device.

A pose ``a_T_b`` is a ``(..., 4, 4)`` float64 tensor, a twist ``(..., 6)``: m or m/s, then rad or rad/s.
"""

from __future__ import annotations

import torch
from kornia.geometry.conversions import axis_angle_to_rotation_matrix, rotation_matrix_to_axis_angle
from torch import Tensor

__all__ = [
    "error_of_poses",
    "inverse_poses",
    "moved_poses",
    "poses_from",
    "poses_to_vectors",
    "rotation_matrices",
    "twists_between",
]


def poses_from(rotations: Tensor, translations: Tensor) -> Tensor:
    """``(..., 4, 4)`` poses of ``(..., 3, 3)`` rotation matrices and ``(..., 3)`` translations, metres."""
    upper = torch.cat([rotations, translations[..., None]], dim=-1)
    last = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=upper.dtype, device=upper.device)
    return torch.cat([upper, last.expand(*upper.shape[:-2], 1, 4)], dim=-2)


def inverse_poses(poses: Tensor) -> Tensor:
    """``(..., 4, 4)`` inverses."""
    R = poses[..., :3, :3].mT
    return poses_from(R, -(R @ poses[..., :3, 3:])[..., 0])


def rotation_matrices(vectors: Tensor) -> Tensor:
    """``(N, 3, 3)`` rotation matrices of ``(N, 3)`` rotation vectors, rad."""
    found: Tensor = axis_angle_to_rotation_matrix(vectors)
    return found


def twists_between(start: Tensor, end: Tensor) -> Tensor:
    """``(N, 6)`` twists that move ``start`` to ``end``, both ``(N, 4, 4)``, in one second."""
    turned = rotation_matrix_to_axis_angle(end[:, :3, :3] @ start[:, :3, :3].mT)
    return torch.cat([end[:, :3, 3] - start[:, :3, 3], turned], dim=1)


def moved_poses(poses: Tensor, twists: Tensor) -> Tensor:
    """``(N, 4, 4)`` poses after one second of constant ``(N, 6)`` twists: the inverse of :func:`twists_between`."""
    return poses_from(rotation_matrices(twists[:, 3:]) @ poses[:, :3, :3], poses[:, :3, 3] + twists[:, :3])


def error_of_poses(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """``(N,)`` distances of the poses' origins (m) and ``(N,)`` angles between their orientations (rad)."""
    difference = a - b
    chord = torch.linalg.matrix_norm(difference[:, :3, :3])  # 2 sqrt(2) sin(angle / 2)
    distance = torch.linalg.vector_norm(difference[:, :3, 3], dim=1)
    return distance, 2.0 * torch.asin((chord / 8.0**0.5).clamp(max=1.0))


def poses_to_vectors(poses: Tensor) -> Tensor:
    """``(N, 9)`` float32 form of poses in observations: translation (m), then the rotation's first two columns."""
    return torch.cat([poses[:, :3, 3], poses[:, :3, 0], poses[:, :3, 1]], dim=1).float()
