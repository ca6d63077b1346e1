import json
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.pose_file import read_pose_file
from ctr_env.errors import DataError, DataWarning, MissingFileError
from ctr_env.geometry import pose_error, transform

BASE, CAMERA = "panda_link0", "camera_optical_frame"
POSE = transform(np.array([0.1, -0.2, 1.4]), Rotation.from_rotvec([0.4, -1.9, 1.1]))  # camera_T_base


def published(pose, parent, child):
    """A child's pose in its parent's frame as ``tf`` publishes it."""
    (x, y, z), (qx, qy, qz, qw) = pose.translation, pose.rotation.as_quat()
    return (
        f"header: {{frame_id: {parent}}}\nchild_frame_id: {child}\ntransform:\n"
        f"  translation: {{x: {x}, y: {y}, z: {z}}}\n  rotation: {{w: {qw}, x: {qx}, y: {qy}, z: {qz}}}\n---\n"
    )


def easy_handeye(pose, eye_on_hand="false", base=BASE, camera=CAMERA):
    (x, y, z), (qx, qy, qz, qw) = pose.translation, pose.rotation.as_quat()
    return (
        f"parameters:\n  eye_on_hand: {eye_on_hand}\n  robot_base_frame: {base}\n  robot_effector_frame: panda_hand\n"
        f"  tracking_base_frame: {camera}\n  tracking_marker_frame: aruco\n"
        f"transformation: {{qw: {qw}, qx: {qx}, qy: {qy}, qz: {qz}, x: {x}, y: {y}, z: {z}}}\n"
    )


def easy_handeye2(pose, kind="eye_on_base"):
    parameters = f"name: lab, calibration_type: {kind}, robot_base_frame: {BASE}, tracking_base_frame: {CAMERA}"
    body = published(pose, "", "").partition("transform:")[2]
    return f"parameters: {{{parameters}}}\ntransform:{body}"


def read(tmp_path, text):
    file = tmp_path / "pose.yaml"
    file.write_text(text)
    return read_pose_file(file, BASE)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"camera_T_base": POSE.as_matrix().tolist()}),
        published(POSE.inv(), BASE, CAMERA),
        published(POSE, CAMERA, f"/{BASE}"),  # as its frames say
        easy_handeye(POSE.inv()),
        easy_handeye2(POSE.inv()),
    ],
    ids=["matrix", "base to camera", "camera to base", "easy_handeye", "easy_handeye2"],
)
def test_all_layouts_hold_the_same_pose(tmp_path, text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert max(pose_error(read(tmp_path, text), POSE)) < 1e-9


def test_a_frame_that_may_not_be_the_optical_one_is_reported(tmp_path):
    with pytest.warns(DataWarning, match="the camera's frame is camera_link; its z axis must look along the optical"):
        read(tmp_path, easy_handeye(POSE.inv(), camera="camera_link"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [", "not understood"),
        ("pose: 3", "no pose in it; it should have camera_T_base"),
        ("- 1", "no pose in it"),
        ("camera_T_base: [[1, 0], [0, 1]]", "must be 4 x 4, not 2 x 2"),
        ("camera_T_base: [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]", "no rotation"),
        ("transform: {translation: {x: 0, y: 0, z: 1}}", "KeyError 'rotation'"),
        ("transform: {translation: {x: 0, y: 0, z: .nan}, rotation: {x: 0, y: 0, z: 0, w: 1}}", "not finite"),
        ("transform: {translation: {x: 0, y: 0, z: 1}, rotation: {x: 0, y: 0, z: 0, w: 0}}", "not understood"),
        ("transformation: {x: 0, y: 0, z: 1}", "KeyError 'qx'"),
        (published(POSE, CAMERA, "arm"), "frames are camera_optical_frame and arm; one .* base, panda_link0"),
        (easy_handeye(POSE, base="base_link"), "frames are base_link and camera_optical_frame; one .* panda_link0"),
        (easy_handeye(POSE, eye_on_hand="true"), "a camera on the robot's hand"),
        (easy_handeye2(POSE, "eye_in_hand"), "a camera on the robot's hand"),
    ],
)
def test_errors_name_the_file_and_the_cause(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as raised:
        read(tmp_path, text)
    assert "pose.yaml" in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="no such pose file: .*nowhere.json"):
        read_pose_file(tmp_path / "nowhere.json", BASE)
