import json
from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.datasets.dream_writer import keypoint_names, write_frame, write_settings
from ctr_env.geometry import PinholeCamera, pose_error
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = get_robot("panda")


@pytest.fixture(params=[("panda", "opencv"), ("baxter", "equidistant")], ids=lambda param: param[0])
def written(request, tmp_path, make_frames):
    """A robot's kinematics, a frame, and the folder that it was written to."""
    robot, model = request.param
    kinematics = RobotKinematics(robot)
    (frame,) = make_frames(robot, 1)
    frame = replace(frame, camera=replace(frame.camera, distortion=(0.1, -0.05, 0.001, 0.0), lens_model=model))
    write_frame(tmp_path, kinematics.robot, frame, {"ctr_env": {"seed": 5}})
    return kinematics, frame, tmp_path


def test_written_frames_are_read_back_unchanged(written):
    kinematics, frame, folder = written
    back = DreamFolder(folder, kinematics).read("000000")
    assert back.camera == frame.camera
    assert max(pose_error(back.camera_T_base, frame.camera_T_base)) < 1e-9
    np.testing.assert_allclose(back.joint_positions, frame.joint_positions, atol=1e-12)
    np.testing.assert_allclose(back.keypoints, frame.keypoints, atol=1e-12)
    np.testing.assert_allclose(back.keypoints_px, frame.keypoints_px, atol=1e-9)
    np.testing.assert_array_equal(back.mask, frame.mask)
    robot, room = back.image[frame.mask].mean(axis=0), back.image[~frame.mask].mean()
    assert np.all(np.diff(robot) < 0)  # red, green, blue in this order
    assert robot.mean() > room + 80


def test_the_pose_is_also_written_as_ndds_does(written):
    """Read as CtRNet reads DREAM's synthetic frames: transposed, centimetres, Unreal's axes."""
    _, frame, folder = written
    item = json.loads((folder / "000000.json").read_text())["objects"][0]
    T = np.array(item["pose_transform"]).T
    T[:3, 3] *= 0.01
    T[[0, 1]] *= -1.0
    T[:, 1] *= -1.0
    np.testing.assert_allclose(T, frame.camera_T_base.as_matrix(), atol=1e-9)
    assert np.linalg.det(np.array(item["pose_transform"])[:3, :3]) == pytest.approx(-1.0)  # left-handed, like Unreal


def test_labels_describe_the_image(written):
    kinematics, frame, folder = written
    data = json.loads((folder / "000000.json").read_text())
    item = data["objects"][0]
    (left, top), (right, bottom) = item["bounding_box"]["min"], item["bounding_box"]["max"]
    assert frame.mask[top:bottom, left:right].sum() == frame.mask.sum()
    for edge in (frame.mask[top], frame.mask[bottom - 1], frame.mask[:, left], frame.mask[:, right - 1]):
        assert edge.any()
    assert [joint["name"] for joint in data["sim_state"]["joints"]] == list(kinematics.robot.arm_joints)
    assert data["ctr_env"] == {"seed": 5}
    assert set(np.unique(iio.imread(folder / "000000.mask.png"))) == {0, 255}


def test_keypoints_without_an_image_get_dreams_mark(tmp_path, make_frames):
    (frame,) = make_frames("panda", 1)
    pixels = frame.keypoints_px.copy()
    pixels[2] = np.nan
    write_frame(tmp_path, PANDA, replace(frame, keypoints_px=pixels), {})
    item = json.loads((tmp_path / "000000.json").read_text())["objects"][0]
    assert item["keypoints"][2]["projected_location"] == [-999.99, -999.99]
    back = DreamFolder(tmp_path, RobotKinematics("panda")).read("000000")
    np.testing.assert_array_equal(np.isnan(back.keypoints_px).any(axis=1), np.arange(7) == 2)
    assert np.isfinite(back.keypoints).all()


@pytest.mark.parametrize("name, label", [("mask", "mask"), ("camera_T_base", "pose")])
def test_unlabelled_frames_are_rejected_before_anything_is_written(tmp_path, make_frames, name, label):
    (frame,) = make_frames("panda", 1)
    with pytest.raises(ValueError, match=f"frame 000000 has no {label} to write"):
        write_frame(tmp_path, PANDA, replace(frame, **{name: None}), {})
    assert list(tmp_path.iterdir()) == []


def test_settings_name_camera_and_keypoints(tmp_path):
    camera = PinholeCamera(600.0, 610.0, 310.0, 245.0, 640, 480)
    write_settings(tmp_path, PANDA, camera)
    settings = json.loads((tmp_path / "_camera_settings.json").read_text())["camera_settings"][0]
    assert settings["intrinsic_settings"]["fy"] == 610.0
    assert settings["intrinsic_settings"]["resolution"] == {"width": 640, "height": 480}
    objects = json.loads((tmp_path / "_object_settings.json").read_text())["exported_objects"]
    assert objects[0]["keypoints"] == ["link0", "link2", "link3", "link4", "link6", "link7", "hand"]
    assert keypoint_names(PANDA) == objects[0]["keypoints"]
