"""The end effector by a fused pose and the joint offsets that were solved for beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.error_model.view import twist_map
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .fuse import Fused

__all__ = ["FusedGripper", "fused_gripper"]


class FusedGripper(NamedTuple):
    """The end effector in the camera.

    Attributes:
        camera_T_ee: Its pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.gripper_covariance``.
    """

    camera_T_ee: RigidTransform
    covariance: NDArray[np.float64]


def fused_gripper(kinematics: RobotKinematics, found: Fused, joint_positions: NDArray[np.float64]) -> FusedGripper:
    """``camera_T_base`` times the kinematics of joint positions corrected by the estimated joint offsets.

    Errors of pose and offsets are correlated: an arm that stands otherwise than its encoders say is seen at another
    pose, and the two errors nearly cancel at the gripper. Hence its covariance is often smaller than the base's.

    Args:
        kinematics: The arm.
        found: Pose and joint offsets.
        joint_positions: ``(n,)`` as measured, rad.
    """
    joints = joint_positions + found.joint_offsets
    base_T_ee, camera_R_base = kinematics.base_T_ee(joints), found.pose.rotation.as_matrix()
    by_joints = np.kron(np.eye(2), camera_R_base) @ kinematics.jacobian(joints)
    effect = np.concatenate([twist_map(camera_R_base @ base_T_ee.translation), by_joints], axis=1)  # (6, 6 + n)
    return FusedGripper(found.pose * base_T_ee, effect @ found.joint_covariance @ effect.T)
