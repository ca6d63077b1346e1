"""Catalogue of the packaged robots, and lookup by name or description file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ctr_env.errors import ConfigurationError

from .description import RobotDescription
from .robot_file import read_robot

__all__ = ["ROBOTS", "get_robot"]

_FILES = (".yaml", ".yml", ".json")


def _baxter(side: str, other: str, sign: float) -> RobotDescription:
    def arm(prefix: str) -> tuple[str, ...]:
        return tuple(f"{prefix}_{joint}" for joint in ("s0", "s1", "e0", "e1", "w0", "w1", "w2"))

    links = (
        "upper_shoulder",
        "lower_shoulder",
        "upper_elbow",
        "lower_elbow",
        "upper_forearm",
        "lower_forearm",
        "wrist",
    )
    home = (sign * 0.75, -0.9, 0.0, 1.3, 0.0, 1.1, 0.0)
    tucked = dict(zip(arm(other), (-sign * 0.2, -0.6, 0.0, 1.6, 0.0, 0.6, 0.0), strict=True))
    return RobotDescription(
        name="baxter" if side == "left" else "baxter_right",
        urdf="baxter_description/urdf/baxter.urdf",
        srdf="baxter_description/srdf/baxter_manipulation.srdf",
        base_link="base",
        arm_joints=arm(side),
        keypoint_frames=tuple(f"{side}_{link}" for link in links),
        keypoint_names=arm(side),
        end_effector=f"{side}_gripper",
        home=home,
        acceleration_limits=(8.0, 8.0, 8.0, 8.0, 12.0, 12.0, 12.0),
        configuration=tucked,
        face_budget=30_000,
        base_height=0.93,
        camera_distance=(1.3, 2.0),
        camera_azimuth=sign * -0.3,
        hidden_links=(
            *("collision_head_link_1", "collision_head_link_2", "sonar_ring"),
            *(f"{s}_hand_{part}_link" for s in ("left", "right") for part in ("camera", "range", "accelerometer")),
        ),
        board_pose=(0.0, 0.0, 0.13, 1.87, 0.0, -1.57 + sign * 0.24),
        board_square=0.06,
        mirror_of=None if side == "left" else "baxter",
        mirror_signs=() if side == "left" else (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0),
    )


PANDA = RobotDescription(
    name="panda",
    urdf="panda_description/urdf/panda.urdf",
    srdf="panda_description/srdf/panda.srdf",
    base_link="panda_link0",
    arm_joints=tuple(f"panda_joint{i}" for i in range(1, 8)),
    keypoint_frames=tuple(f"panda_{link}" for link in ("link0", "link2", "link3", "link4", "link6", "link7", "hand")),
    end_effector="panda_hand_tcp",
    home=(0.0, -0.5, 0.0, -2.3, 0.0, 1.8, 0.785),
    acceleration_limits=(15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0),
    configuration={"panda_finger_joint1": 0.02, "panda_finger_joint2": 0.02},
    gripper_joints=("panda_finger_joint1", "panda_finger_joint2"),
    face_budget=15_000,
    base_height=0.75,
    table=(0.35, 0.0, 0.6, 0.6),
    board_pose=(0.0, 0.0, 0.11, 1.87, 0.0, 1.57),
)
"""Franka Emika Panda with its hand; keypoints as in DREAM."""

_FR3_JOINTS = tuple(f"fr3_joint{i}" for i in range(1, 8))
_FR3_LIMITS = (
    (-2.7437, 2.7437, 2.62, 87.0),
    (-1.7837, 1.7837, 2.62, 87.0),
    (-2.9007, 2.9007, 2.62, 87.0),
    (-3.0421, -0.1518, 2.62, 87.0),
    (-2.8065, 2.8065, 5.26, 12.0),
    (0.5445, 4.5169, 4.18, 12.0),
    (-3.0159, 3.0159, 5.26, 12.0),
)
FR3 = replace(
    PANDA,
    name="fr3",
    arm_joints=_FR3_JOINTS,
    joint_names=dict(zip(PANDA.arm_joints, _FR3_JOINTS, strict=True)),
    limits=dict(zip(_FR3_JOINTS, _FR3_LIMITS, strict=True)),
    keypoint_names=tuple(frame.removeprefix("panda_") for frame in PANDA.keypoint_frames),
    acceleration_limits=(10.0,) * 7,
    published_links={"panda_link0": "fr3_link0", "panda_hand_tcp": "fr3_hand_tcp"},
    network_of="panda",
)
"""Franka Research 3: the Panda's kinematics, meshes and network; its own joint names, limits and dynamics."""

_UR_WRISTS = ("wrist_1", "wrist_2", "wrist_3")
UR5 = RobotDescription(
    name="ur5",
    urdf="ur_description/urdf/ur5_robot.urdf",
    base_link="base_link",
    arm_joints=tuple(f"{joint}_joint" for joint in ("shoulder_pan", "shoulder_lift", "elbow", *_UR_WRISTS)),
    keypoint_frames=tuple(f"{link}_link" for link in ("shoulder", "upper_arm", "forearm", *_UR_WRISTS)),
    end_effector="ee_link",
    home=(0.0, -1.2, 1.6, -1.9, -1.57, 0.0),
    acceleration_limits=(8.0,) * 6,
    base_height=0.75,
    table=(0.35, 0.0, 0.6, 0.6),
)
"""Universal Robots UR5 without a gripper. ``base_link`` is ROS's: the ``Base`` of the teach pendant is turned by 180
degrees about z."""

ROBOTS: Mapping[str, RobotDescription] = MappingProxyType(
    {robot.name: robot for robot in (PANDA, FR3, UR5, _baxter("left", "right", -1.0), _baxter("right", "left", 1.0))}
)
"""Packaged robots by name."""


def get_robot(robot: str | RobotDescription) -> RobotDescription:
    """The description of a robot given by name, by description file (:func:`~.robot_file.read_robot`) or as an object.

    Raises:
        ConfigurationError: If no robot has that name.
        MissingFileError: If the description file does not exist.
        DataError: If the description file is invalid.
    """
    if isinstance(robot, RobotDescription):
        return robot
    if robot.endswith(_FILES):
        return read_robot(Path(robot))
    if robot not in ROBOTS:
        valid = ", ".join(sorted(ROBOTS))
        raise ConfigurationError(
            f"unknown robot {robot!r}; valid names: {valid}; or a file that describes one (.yaml, .json)"
        )
    return ROBOTS[robot]
