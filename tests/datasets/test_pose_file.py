import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.pose_file import read_pose_file
from ctr_env.geometry import pose_error, transform

BASE, CAMERA = "panda_link0", "camera_optical_frame"
POSE = transform(np.array([0.1, -0.2, 1.4]), Rotation.from_rotvec([0.4, -1.9, 1.1]))


def published(pose, parent, child):
    """What ``tf`` publishes of a child's place in its parent's frame."""
    (x, y, z), (qx, qy, qz, qw) = pose.translation, pose.rotation.as_quat()
    return (
        f"header: {{frame_id: {parent}}}\nchild_frame_id: {child}\ntransform:\n"
        f"  translation: {{x: {x}, y: {y}, z: {z}}}\n  rotation: {{w: {qw}, x: {qx}, y: {qy}, z: {qz}}}\n---\n"
    )


def write(tmp_path, text):
    file = tmp_path / "pose.yaml"
    file.write_text(text)
    return file


def test_matrices_and_what_ros_publishes_are_the_same_pose(tmp_path):
    found = read_pose_file(write(tmp_path, json.dumps({"camera_T_base": POSE.as_matrix().tolist()})), BASE)
    assert max(pose_error(found, POSE)) < 1e-9
    camera = POSE.inv()  # the child's place in the parent: the camera's in the base's frame
    assert max(pose_error(read_pose_file(write(tmp_path, published(camera, BASE, CAMERA)), BASE), POSE)) < 1e-9
    back = published(POSE, CAMERA, f"/{BASE}")
    assert max(pose_error(read_pose_file(write(tmp_path, back), BASE), POSE)) < 1e-9  # as its frames say
    with pytest.raises(ValueError, match="frames are camera_optical_frame and arm; one .* base, panda_link0"):
        read_pose_file(write(tmp_path, back.replace(BASE, "arm")), BASE)


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
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_pose_file(write(tmp_path, text), BASE)
    assert "pose.yaml" in str(raised.value)
