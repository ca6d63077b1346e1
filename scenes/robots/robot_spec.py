"""The robot as an editable MuJoCo model: visuals, collision shapes, velocity servos, gravity compensation."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import mujoco
import numpy as np

from .assets import prepared_urdf
from .description import RobotDescription
from .urdf import joint_limits

__all__ = ["CLEARANCE", "COLLISION_GROUP", "VISUAL_GROUP", "robot_spec", "touching_at_home"]

VISUAL_GROUP = 2
"""Geom group of the robot's visible geometry."""
COLLISION_GROUP = 3
"""Geom group of collision shapes, which are not rendered."""

CLEARANCE = 0.015
"""Margin and gap of the robot's collision shapes, metres.

MuJoCo sums those of two geoms: forces act within the margins, contacts are listed within margins and gaps. A link and
the table thus repel each other from 15 mm on and count as touching from 30 mm on, two links from 30 mm and 60 mm on.
"""

_SERVO_STIFFNESS = 10.0  # servo gain in units of effort limit / velocity limit
_LARGEST_GAIN = 120.0  # N m s/rad; joints whose axes are aligned chatter at the effort limit with a larger one
_HOLD_STIFFNESS = 400.0  # position servos of the joints outside the arm
_ARMATURE = 0.05


def robot_spec(robot: RobotDescription) -> mujoco.MjSpec:
    """MuJoCo specification of a robot.

    Arm joints get velocity servos (``ctrl`` in rad/s, clipped to the URDF's velocity limit, force clipped to its effort
    limit); every other moving joint gets a position servo. Gravity is compensated on every body, as the robots' own
    controllers do.

    Args:
        robot: Description of the robot.

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
        _assign_group(geom)
    for joint in spec.joints:
        joint.armature = _ARMATURE
        actuator = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        if joint.name in robot.arm_joints:
            limits = joint_limits(root, joint.name)
            actuator.set_to_velocity(kv=min(_SERVO_STIFFNESS * limits.effort / limits.velocity, _LARGEST_GAIN))
            actuator.ctrlrange = np.array([-limits.velocity, limits.velocity])
            actuator.ctrllimited = True
            actuator.forcerange = np.array([-limits.effort, limits.effort])
            actuator.forcelimited = True
        else:
            actuator.set_to_position(kp=_HOLD_STIFFNESS, dampratio=1.0)
    bodies = {body.name for body in spec.bodies}
    # contacts at home are artefacts: coarse collision shapes overlap around the joints
    for first, second in sorted(_listed_pairs(robot) | touching_at_home(spec.compile(), robot)):
        if {first, second} <= bodies:
            spec.add_exclude(bodyname1=first, bodyname2=second)
    return spec


def _listed_pairs(robot: RobotDescription) -> set[tuple[str, str]]:
    """Pairs of links whose collisions the SRDF disables."""
    if robot.srdf_path is None:
        return set()
    entries = ET.parse(robot.srdf_path).getroot().iter("disable_collisions")
    return {_pair(entry.get("link1", ""), entry.get("link2", "")) for entry in entries}


def touching_at_home(model: mujoco.MjModel, robot: RobotDescription) -> set[tuple[str, str]]:
    """Pairs of bodies within :data:`CLEARANCE` of each other at home; each pair in alphabetical order."""
    data = mujoco.MjData(model)
    for name, position in (*zip(robot.arm_joints, robot.home, strict=True), *robot.configuration.items()):
        data.joint(name).qpos[0] = position
    mujoco.mj_forward(model, data)
    return {_pair(*(model.body(model.geom_bodyid[geom]).name for geom in pair)) for pair in data.contact.geom}


def _pair(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first < second else (second, first)


def _assign_group(geom: mujoco.MjsGeom) -> None:
    """Assign a geom of the URDF to the visual or the collision group."""
    seen = geom.contype == 0 and geom.conaffinity == 0
    geom.group = VISUAL_GROUP if seen else COLLISION_GROUP
    if not seen:
        geom.rgba = np.array([0.9, 0.5, 0.2, 0.4])
        geom.margin = geom.gap = CLEARANCE
