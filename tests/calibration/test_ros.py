"""The ROS files say what the calibration says."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import yaml
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.calibration.ros import static_transform_command, urdf_joint, write_ros_files
from ctr_env.geometry import transform

POSE = transform((0.41, -1.2, 0.87), Rotation.from_euler("xyz", (-1.9, 0.2, 2.5)))
DATA = {
    "base_T_camera": POSE.as_matrix(),
    "frames_of_reference": {"base": "panda_link0", "camera": "camera_optical_frame"},
}


def read(words):
    """The transform of a static_transform_publisher's arguments."""
    values = {name: float(value) for name, value in zip(words[:14:2], words[1:14:2], strict=True)}
    position = [values[f"--{axis}"] for axis in "xyz"]
    return transform(position, Rotation.from_quat([values[f"--q{axis}"] for axis in "xyzw"]))


def close(pose):
    np.testing.assert_allclose(pose.as_matrix(), POSE.as_matrix(), atol=3e-6)


def test_the_command_publishes_the_camera_in_the_base():
    words = static_transform_command(DATA).split()
    assert words[:4] == ["ros2", "run", "tf2_ros", "static_transform_publisher"]
    close(read(words[4:]))
    assert words[-4:] == ["--frame-id", "panda_link0", "--child-frame-id", "camera_optical_frame"]


def test_the_urdf_joint_has_the_same_pose():
    root = ET.fromstring(f"<robot name='r'>{urdf_joint(DATA)}</robot>")
    origin = root.find("joint/origin")
    xyz, rpy = ([float(x) for x in origin.get(name).split()] for name in ("xyz", "rpy"))
    close(transform(xyz, Rotation.from_euler("xyz", rpy)))
    assert root.find("joint/parent").get("link") == "panda_link0"
    assert root.find("joint/child").get("link") == root.find("link").get("name") == "camera_optical_frame"


def test_files_of_other_programs_have_it_too(tmp_path):
    write_ros_files(DATA, "panda_hand_tcp", tmp_path)
    launch = (tmp_path / "camera_pose.launch.py").read_text()
    compile(launch, "camera_pose.launch.py", "exec")
    close(read(re.findall(r'^ +"([^"]+)",$', launch, re.MULTILINE)))
    found = yaml.safe_load((tmp_path / "easy_handeye2.calib").read_text())
    place = found["transform"]
    turn = Rotation.from_quat([place["rotation"][axis] for axis in "xyzw"])
    close(RigidTransform.from_components([place["translation"][axis] for axis in "xyz"], turn))
    assert found["parameters"]["calibration_type"] == "eye_on_base"
    assert found["parameters"]["robot_effector_frame"] == "panda_hand_tcp"
    assert (tmp_path / "camera.urdf.xml").read_text().strip() == urdf_joint(DATA)


@pytest.mark.parametrize("angle", [0.0, np.pi])
def test_rotations_by_half_a_turn_survive(angle):
    pose = transform((1.0, 2.0, 3.0), Rotation.from_euler("x", angle))
    data = DATA | {"base_T_camera": pose.as_matrix()}
    np.testing.assert_allclose(
        read(static_transform_command(data).split()[4:]).as_matrix(), pose.as_matrix(), atol=3e-6
    )
