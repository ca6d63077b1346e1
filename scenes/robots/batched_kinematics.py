"""Kinematics of many joint configurations at once, as torch tensors on any device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np
import torch
from torch import Tensor

from ctr_env.errors import ConfigurationError
from ctr_env.geometry.batched import poses_from, rotation_matrices

from .kinematics import RobotKinematics

__all__ = ["ArmPoses", "BatchedKinematics"]


class ArmPoses(NamedTuple):
    """An arm at N joint configurations, float64, base frame."""

    rotations: Tensor
    """``(N, B, 3, 3)`` rotations of the bodies."""
    origins: Tensor
    """``(N, B, 3)`` their origins, metres."""
    axes: Tensor
    """``(N, n, 3)`` axes of the joints."""
    anchors: Tensor
    """``(N, n, 3)`` points on these axes, metres."""


class BatchedKinematics:
    """:class:`~ctr_env.scenes.robots.kinematics.RobotKinematics` for batches, computed from the same model.

    Attributes:
        kinematics: The arm.
    """

    def __init__(self, kinematics: RobotKinematics, device: torch.device) -> None:
        """Copy the arm's constants to a device.

        Raises:
            ConfigurationError: If a joint of the arm is not a hinge at its body's origin.
        """
        self.kinematics = kinematics
        model = kinematics.model
        joints = {int(body): joint for joint, body in enumerate(model.jnt_bodyid)}
        if (model.jnt_type != mujoco.mjtJoint.mjJNT_HINGE).any() or model.jnt_pos.any() or model.qpos0.any():
            raise ConfigurationError(
                f"{kinematics.robot.name}: batched kinematics take hinges at their bodies' origins"
            )
        self._tree = [(body, int(model.body_parentid[body]), joints.get(body)) for body in range(1, model.nbody)]
        offsets = np.zeros((model.nbody, 3, 3))
        for offset, quaternion in zip(offsets, model.body_quat, strict=True):
            mujoco.mju_quat2Mat(offset.reshape(9), quaternion)
        self._offset_rotations = torch.from_numpy(offsets).to(device)
        self._offset_origins = torch.from_numpy(model.body_pos.copy()).to(device)
        self._axes = torch.from_numpy(model.jnt_axis.copy()).to(device)
        self._base_T_model = torch.from_numpy(kinematics.model_T_base.inv().as_matrix()).to(device)
        self._ee = model.body(kinematics.robot.end_effector).id

    def poses(self, joint_positions: Tensor) -> ArmPoses:
        """All poses at ``(N, n)`` float64 joint positions, rad."""
        count, n = joint_positions.shape
        turns = rotation_matrices((joint_positions[..., None] * self._axes).flatten(0, 1)).view(count, n, 3, 3)
        rotations = [self._base_T_model[:3, :3].expand(count, 3, 3)]
        origins = [self._base_T_model[:3, 3].expand(count, 3)]
        for body, parent, joint in self._tree:
            origins.append(origins[parent] + rotations[parent] @ self._offset_origins[body])
            rotation = rotations[parent] @ self._offset_rotations[body]
            rotations.append(rotation if joint is None else rotation @ turns[:, joint])
        R, p = torch.stack(rotations, dim=1), torch.stack(origins, dim=1)
        moved = [body for body, _, joint in self._tree if joint is not None]  # in the order of the joints: one chain
        return ArmPoses(R, p, (R[:, moved] @ self._axes[..., None])[..., 0], p[:, moved])

    def base_T_ee(self, poses: ArmPoses) -> Tensor:
        """``(N, 4, 4)`` poses of the end effector in the base frame."""
        return poses_from(poses.rotations[:, self._ee], poses.origins[:, self._ee])

    def jacobian(self, poses: ArmPoses) -> Tensor:
        """``(N, 6, n)`` geometric Jacobians of the end effector in base axes: linear rows first."""
        arms = poses.origins[:, self._ee, None] - poses.anchors
        return torch.cat([torch.linalg.cross(poses.axes, arms), poses.axes], dim=2).mT

    def points(self, poses: ArmPoses, links: Sequence[str], offsets: Tensor) -> Tensor:
        """Points fixed to links, in the base frame.

        Args:
            poses: The arm.
            links: Link name of each of the K points.
            offsets: ``(K, 3)`` positions in the links' frames, metres.

        Returns:
            ``(N, K, 3)`` metres.
        """
        bodies = [self.kinematics.model.body(link).id for link in links]
        turned = poses.rotations[:, bodies] @ offsets[..., None]
        return poses.origins[:, bodies] + turned[..., 0]
