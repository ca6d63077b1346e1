"""A calibration for ROS 2: static transforms, a URDF joint, and the file of easy_handeye2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.spatial.transform import RigidTransform

from ctr_env.runs.files import replacing

__all__ = ["static_transform_command", "urdf_joint", "write_ros_files"]

_LAUNCH = '''"""The pose of a calibrated camera: the launch file that MoveIt Calibration exports has the same form."""

from launch import LaunchDescription
from launch_ros.actions import Node


def generate_launch_description():
    return LaunchDescription(
        [
            Node(
                package="tf2_ros",
                executable="static_transform_publisher",
                name="camera_pose",
                output="log",
                arguments=[
{arguments}
                ],
            )
        ]
    )
'''


def static_transform_command(data: Mapping[str, Any]) -> str:
    """The command that publishes the camera's pose in the robot's base.

    Args:
        data: Content of ``calibration.json``.
    """
    return "ros2 run tf2_ros static_transform_publisher " + " ".join(_arguments(data))


def urdf_joint(data: Mapping[str, Any]) -> str:
    """Link and fixed joint of the camera for the robot's URDF."""
    pose, names = _pose(data), data["frames_of_reference"]
    xyz, rpy = (" ".join(f"{v:.6f}" for v in part) for part in (pose.translation, pose.rotation.as_euler("xyz")))
    return (
        f'<link name="{names["camera"]}"/>\n'
        f'<joint name="{names["camera"]}_joint" type="fixed">\n'
        f'  <parent link="{names["base"]}"/>\n'
        f'  <child link="{names["camera"]}"/>\n'
        f'  <origin xyz="{xyz}" rpy="{rpy}"/>\n'
        "</joint>"
    )


def write_ros_files(data: Mapping[str, Any], end_effector: str, folder: Path) -> None:
    """Write ``camera_pose.launch.py``, ``camera.urdf.xml`` and ``easy_handeye2.calib``.

    The last one belongs into ``~/.ros2/easy_handeye2/calibrations``, from where that package publishes it.

    Args:
        data: Content of ``calibration.json``.
        end_effector: Link of the robot's end effector.
        folder: Where to write.
    """
    _write(folder / "camera.urdf.xml", urdf_joint(data) + "\n")
    lines = "\n".join(f'                    "{word}",' for word in _arguments(data))
    _write(folder / "camera_pose.launch.py", _LAUNCH.format(arguments=lines))
    pose, names = _pose(data), data["frames_of_reference"]
    content = {
        "parameters": {
            "name": "easy_handeye2",
            "calibration_type": "eye_on_base",
            "robot_base_frame": names["base"],
            "robot_effector_frame": end_effector,
            "tracking_base_frame": names["camera"],
            "tracking_marker_frame": "",
            "freehand_robot_movement": True,
            "move_group_namespace": "/",
            "move_group": "manipulator",
        },
        "transform": {
            "translation": dict(zip("xyz", pose.translation.tolist(), strict=True)),
            "rotation": dict(zip("xyzw", pose.rotation.as_quat(canonical=True).tolist(), strict=True)),
        },
    }
    _write(folder / "easy_handeye2.calib", yaml.safe_dump(content, sort_keys=False))


def _arguments(data: Mapping[str, Any]) -> list[str]:
    pose, names = _pose(data), data["frames_of_reference"]
    values = np.concatenate([pose.translation, pose.rotation.as_quat(canonical=True)])
    words = []
    for name, value in zip(("x", "y", "z", "qx", "qy", "qz", "qw"), values, strict=True):
        words += [f"--{name}", f"{value:.6f}"]
    return [*words, "--frame-id", names["base"], "--child-frame-id", names["camera"]]


def _pose(data: Mapping[str, Any]) -> RigidTransform:
    return RigidTransform.from_matrix(np.asarray(data["base_T_camera"]))


def _write(file: Path, text: str) -> None:
    with replacing(file) as scratch:
        scratch.write_text(text)
