"""The robot as an editable MuJoCo model: visuals, collision shapes, velocity servos, gravity compensation."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import mujoco
import numpy as np

from .assets import prepared_urdf
from .robots import RobotDescription
from .urdf import joint_limits

__all__ = ["CLEARANCE", "COLLISION_GROUP", "VISUAL_GROUP", "robot_spec"]

VISUAL_GROUP = 2
"""Geom group of what a camera sees of the robot."""
COLLISION_GROUP = 3
"""Geom group of collision shapes; not drawn."""

CLEARANCE = 0.015
"""Distance at which robot parts count as touching, metres."""

_SERVO_STIFFNESS = 10.0  # servo gain in units of effort limit / velocity limit
_HOLD_STIFFNESS = 400.0  # position servos of the joints that only hold a posture
_ARMATURE = 0.05


def robot_spec(robot: RobotDescription) -> mujoco.MjSpec:
    """MuJoCo specification of a robot.

    Arm joints get velocity servos (``ctrl`` in rad/s, clipped to the URDF's velocity limit, force clipped to its effort
    limit); every other moving joint gets a position servo. Gravity is compensated on every body, as the robots' own
    controllers do.

    Args:
        robot: What to build.

    Returns:
        A specification whose bodies, joints and actuators carry the URDF's names (actuators are named as their joints).
    """
    path = prepared_urdf(robot)
    root = ET.parse(path).getroot()
    spec = mujoco.MjSpec.from_file(str(path))
    spec.meshdir = str(path.parent)
    for mesh in spec.meshes:
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0
    for geom in spec.geoms:
        _dress(geom)
    for joint in spec.joints:
        joint.armature = _ARMATURE
        limits = joint_limits(root, joint.name)
        actuator = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        if joint.name in robot.arm_joints:
            actuator.set_to_velocity(kv=_SERVO_STIFFNESS * limits.effort / limits.velocity)
            actuator.ctrlrange = np.array([-limits.velocity, limits.velocity])
            actuator.ctrllimited = True
            actuator.forcerange = np.array([-limits.effort, limits.effort])
            actuator.forcelimited = True
        else:
            actuator.set_to_position(kp=_HOLD_STIFFNESS, dampratio=1.0)
    _exclude_resting_contacts(spec, robot)
    return spec


def _exclude_resting_contacts(spec: mujoco.MjSpec, robot: RobotDescription) -> None:
    """Bodies that touch at the home posture do so by construction: coarse shapes overlap around the joints."""
    model = spec.compile()
    data = mujoco.MjData(model)
    for name, position in (*zip(robot.arm_joints, robot.home, strict=True), *robot.posture.items()):
        data.joint(name).qpos[0] = position
    mujoco.mj_forward(model, data)
    pairs = {tuple(sorted(model.body(model.geom_bodyid[geom]).name for geom in pair)) for pair in data.contact.geom}
    for first, second in sorted(pairs):
        spec.add_exclude(bodyname1=first, bodyname2=second)


def _dress(geom: mujoco.MjsGeom) -> None:
    """Sort a geom of the URDF into what is seen and what collides."""
    seen = geom.contype == 0 and geom.conaffinity == 0
    geom.group = VISUAL_GROUP if seen else COLLISION_GROUP
    if not seen:
        geom.rgba = np.array([0.9, 0.5, 0.2, 0.4])
        geom.margin = geom.gap = CLEARANCE  # contacts are noticed from this distance on, and push from zero on
