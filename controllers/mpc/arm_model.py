"""The arm as a pinocchio model: kinematics and dynamics of the MuJoCo model that the other controllers use."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["arm_model"]


def arm_model(kinematics: RobotKinematics, links: Sequence[str] = ()) -> pin.Model:
    """Pinocchio model of an arm: its joints and nothing else, in the base frame.

    It is built from :attr:`RobotKinematics.model`, so that poses agree to rounding and masses are those of the
    simulated robot. Joints outside the arm are fixed at their configuration; the links they carry contribute their
    inertia.

    Args:
        kinematics: The arm.
        links: Links that get a frame of their name, beside the end effector.

    Returns:
        A model of ``n`` degrees of freedom, in the order of :attr:`RobotDescription.arm_joints`, with the gravity of
        the base frame.

    Raises:
        ConfigurationError: If there is no such link.
    """
    source = kinematics.model
    base_T_model = _se3(kinematics.model_T_base.inv().as_matrix())
    model = pin.Model()
    model.name = kinematics.robot.name
    model.gravity.linear = base_T_model.rotation @ source.opt.gravity
    wanted = {kinematics.robot.end_effector, *links}
    joints, poses = {0: 0}, {0: base_T_model}  # of each body: the joint that carries it, its pose in that joint's frame
    for body in range(1, source.nbody):
        parent = int(source.body_parentid[body])
        joint, pose = joints[parent], poses[parent] * _body_pose(source, body)
        if source.body_jntnum[body]:
            joint, pose = _add_joint(model, source, body, joint, pose), pin.SE3.Identity()
        joints[body], poses[body] = joint, pose
        if joint > 0:
            model.appendBodyToJoint(joint, _inertia(source, body), pose)
        name = source.body(body).name
        if name in wanted:
            model.addFrame(pin.Frame(name, joint, 0, pose, pin.FrameType.BODY))
    missing = sorted(name for name in wanted if not model.existFrame(name))
    if missing:
        raise ConfigurationError(f"robot {kinematics.robot.name!r} has no link {', '.join(map(repr, missing))}")
    model.armature = source.dof_armature.copy()
    return model


def _add_joint(model: pin.Model, source: mujoco.MjModel, body: int, parent: int, pose: pin.SE3) -> int:
    index = int(source.body_jntadr[body])
    axis = source.jnt_axis[index].copy()
    turning = source.jnt_type[index] == mujoco.mjtJoint.mjJNT_HINGE
    kind = pin.JointModelRevoluteUnaligned(axis) if turning else pin.JointModelPrismaticUnaligned(axis)
    return int(model.addJoint(parent, kind, pose, source.joint(index).name))


def _body_pose(source: mujoco.MjModel, body: int) -> pin.SE3:
    """Pose of a body in its parent's frame at zero joint position."""
    return pin.SE3(_rotation(source.body_quat[body]), source.body_pos[body].copy())


def _inertia(source: mujoco.MjModel, body: int) -> pin.Inertia:
    R = _rotation(source.body_iquat[body])
    principal = R @ np.diag(source.body_inertia[body]) @ R.T
    return pin.Inertia(float(source.body_mass[body]), source.body_ipos[body].copy(), principal)


def _rotation(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    R = np.zeros(9)
    mujoco.mju_quat2Mat(R, quaternion)
    return R.reshape(3, 3)


def _se3(matrix: NDArray[np.float64]) -> pin.SE3:
    return pin.SE3(matrix[:3, :3].copy(), matrix[:3, 3].copy())
