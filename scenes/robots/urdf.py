"""Preparation of URDF files for MuJoCo: mesh paths, a root link, joint limits, fixed joints."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import DataError
from ctr_env.geometry import transform

from .description import RobotDescription, robot_data_folder

__all__ = ["JointLimits", "fix_joints", "joint_limits", "load_urdf", "resolve_mesh"]

ROOT_LINK = "ctr_env_root"
_URDF_WORLD = "ctr_env_urdf_world"
_MOVING = ("revolute", "continuous", "prismatic")


@dataclass(frozen=True)
class JointLimits:
    """Limits of one joint as the URDF gives them (rad or m, per second, N m or N)."""

    lower: float
    upper: float
    velocity: float
    effort: float


def load_urdf(robot: RobotDescription) -> ET.Element:
    """Parse the robot's URDF and add a root link, so that MuJoCo does not merge the base into the world.

    Raises:
        MissingFileError: If the file does not exist.
        DataError: If the description names links or joints that the URDF does not have.
    """
    root = ET.parse(robot.urdf_path).getroot()
    _rename_world(root)
    _rename_joints(robot, root)
    links = [link.get("name", "") for link in root.iter("link")]
    joints = {joint.get("name", "") for joint in root.iter("joint")}
    _require(robot, "link", {robot.base_link, robot.end_effector, *robot.keypoint_frames}, set(links))
    _require(robot, "joint", {*robot.arm_joints, *robot.configuration, *robot.limits}, joints)
    _replace_limits(robot, root)
    children = {child.get("link") for child in root.iter("child")}
    top = next(link for link in links if link not in children)
    ET.SubElement(root, "link", name=ROOT_LINK)
    joint = ET.SubElement(root, "joint", name=f"{ROOT_LINK}_joint", type="fixed")
    ET.SubElement(joint, "parent", link=ROOT_LINK)
    ET.SubElement(joint, "child", link=top)
    mujoco_tag = ET.SubElement(root, "mujoco")
    ET.SubElement(
        mujoco_tag,
        "compiler",
        fusestatic="false",
        discardvisual="false",
        strippath="false",
        balanceinertia="true",
    )
    return root


def _rename_world(root: ET.Element) -> None:
    """Rename a link called ``world``, which MuJoCo would identify with its own world body."""
    for tag, attribute in (("link", "name"), ("parent", "link"), ("child", "link")):
        for element in root.iter(tag):
            if element.get(attribute) == "world":
                element.set(attribute, _URDF_WORLD)


def _rename_joints(robot: RobotDescription, root: ET.Element) -> None:
    _require(robot, "joint", set(robot.joint_names), {joint.get("name", "") for joint in root.iter("joint")})
    for joint in root.iter("joint"):
        joint.set("name", robot.joint_names.get(joint.get("name", ""), joint.get("name", "")))
    for mimic in root.iter("mimic"):
        mimic.set("joint", robot.joint_names.get(mimic.get("joint", ""), mimic.get("joint", "")))


def _replace_limits(robot: RobotDescription, root: ET.Element) -> None:
    for joint in root.iter("joint"):
        values = robot.limits.get(joint.get("name", ""))
        if values is None:
            continue
        for element in joint.findall("limit") + joint.findall("safety_controller"):
            joint.remove(element)
        names = ("lower", "upper", "velocity", "effort")
        ET.SubElement(joint, "limit", dict(zip(names, map(repr, map(float, values)), strict=True)))


def joint_limits(root: ET.Element, name: str) -> JointLimits:
    """Limits of a joint.

    Raises:
        DataError: If the joint has no ``<limit>`` with a velocity and an effort.
    """
    joint = next(joint for joint in root.iter("joint") if joint.get("name") == name)
    limit = joint.find("limit")
    if limit is None or limit.get("velocity") is None or limit.get("effort") is None:
        raise DataError(f"joint {name!r} needs a <limit> with velocity and effort in its URDF")
    unbounded = joint.get("type") == "continuous"
    lower = -np.inf if unbounded else float(limit.get("lower", 0.0))
    upper = np.inf if unbounded else float(limit.get("upper", 0.0))
    return JointLimits(lower, upper, float(limit.get("velocity", 0.0)), float(limit.get("effort", 0.0)))


def fix_joints(root: ET.Element, positions: Mapping[str, float], keep: tuple[str, ...]) -> None:
    """Fix every moving joint that is not in ``keep``, at its given position (zero where not named)."""
    for joint in root.iter("joint"):
        name, kind = joint.get("name", ""), joint.get("type")
        if kind not in _MOVING or name in keep:
            continue
        pose = _origin(joint) * _motion(joint, positions.get(name, 0.0))
        for tag in ("origin", "axis", "limit", "mimic", "dynamics", "safety_controller"):
            for element in joint.findall(tag):
                joint.remove(element)
        joint.set("type", "fixed")
        xyz, rpy = pose.translation, pose.rotation.as_euler("xyz")
        ET.SubElement(
            joint,
            "origin",
            xyz=" ".join(map(repr, map(float, xyz))),
            rpy=" ".join(map(repr, map(float, rpy))),
        )


def resolve_mesh(filename: str, urdf: Path) -> Path:
    """Path of a mesh file referenced by a URDF, including ``package://`` references.

    ``package://example-robot-data`` is the installed package; any other package is the nearest folder of that name
    above the URDF.
    """
    if not filename.startswith("package://"):
        path = Path(filename.removeprefix("file://"))
        return path if path.is_absolute() else urdf.parent / path
    package, _, inside = filename.removeprefix("package://").partition("/")
    if package == "example-robot-data":
        return robot_data_folder() / inside
    folder = next((parent for parent in urdf.parents if parent.name == package), urdf.parent)
    return folder / inside


def _require(robot: RobotDescription, kind: str, wanted: set[str], present: set[str]) -> None:
    missing = sorted(wanted - present)
    if missing:
        raise DataError(
            f"robot {robot.name!r}: {robot.urdf} has no {kind} {', '.join(map(repr, missing))}; "
            f"valid names: {', '.join(sorted(present))}"
        )


def _origin(joint: ET.Element) -> RigidTransform:
    origin = joint.find("origin")
    if origin is None:
        return RigidTransform.identity()
    xyz = [float(x) for x in origin.get("xyz", "0 0 0").split()]
    rpy = [float(x) for x in origin.get("rpy", "0 0 0").split()]
    return transform(xyz, Rotation.from_euler("xyz", rpy))


def _motion(joint: ET.Element, position: float) -> RigidTransform:
    element = joint.find("axis")
    axis = np.array([float(x) for x in element.get("xyz", "1 0 0").split()] if element is not None else [1.0, 0.0, 0.0])
    axis /= np.linalg.norm(axis)
    if joint.get("type") == "prismatic":
        return transform(axis * position)
    return transform(rotation=Rotation.from_rotvec(axis * position))
