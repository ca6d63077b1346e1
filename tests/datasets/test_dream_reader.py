import json
import re

import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import pose_error
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(scope="module")
def panda():
    return RobotKinematics("panda")


@pytest.fixture
def truth(make_frames):
    return list(make_frames("panda", 3))


def edit(folder, change, name="000000"):
    """Change the labels of a frame."""
    file = folder / f"{name}.json"
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def as_real(data):
    """Keep what DREAM's real sets have: keypoints, and joints with their ROS names."""
    del data["camera_data"]
    item = data["objects"][0]
    data["objects"] = [{key: item[key] for key in ("class", "visibility", "location", "keypoints")}]
    for keypoint in item["keypoints"]:
        keypoint["name"] = f"panda_{keypoint['name']}"
    for joint in data["sim_state"]["joints"]:
        joint["name"] = f"franka/{joint['name']}"
    data["sim_state"]["joints"].append({"name": "franka/panda_finger_joint1", "position": 0.03})


def as_synthetic(data):
    """Turn into what NDDS exports: centimetres, a quaternion of the object, no intrinsics in the frame."""
    data["camera_data"] = {"location_worldframe": [0, 0, 0], "quaternion_xyzw_worldframe": [0, 0, 0, 1]}
    item = data["objects"][0]
    item["location"] = [100.0 * x for x in item["location"]]
    item["quaternion_xyzw"] = [0.5, 0.5, 0.5, 0.5]  # of the object's own axes, which are not the base link's
    for keypoint in item["keypoints"]:
        keypoint["location"] = [100.0 * x for x in keypoint["location"]]


@pytest.mark.parametrize("change", [as_real, as_synthetic])
def test_the_pose_is_found_from_keypoints_alone(write_folder, tmp_path, panda, truth, change):
    folder = write_folder(tmp_path)
    frames = DreamFolder(folder, panda)
    assert len(frames) == 3
    for name, true in zip(frames.names, truth, strict=True):
        edit(folder, change, name)
        found = frames.read(name)
        assert max(pose_error(found.camera_T_base, true.camera_T_base)) < 1e-7
        np.testing.assert_allclose(found.keypoints, true.keypoints, atol=1e-9)
        np.testing.assert_allclose(found.joint_positions, true.joint_positions)
        assert found.camera == true.camera


def test_pixel_centres_are_inferred_from_the_file_or_the_principal_point(write_folder, tmp_path, panda, truth):
    folder = write_folder(tmp_path)
    edit(folder, as_real)
    settings = folder / "_camera_settings.json"
    ours = json.loads(settings.read_text())

    def counted(**intrinsics):
        given = json.loads(settings.read_text())
        inner = given["camera_settings"][0]["intrinsic_settings"]
        del inner["pixel_centre"]
        inner.update(intrinsics)
        settings.write_text(json.dumps(given))
        frame = DreamFolder(folder, panda).read("000000")
        settings.write_text(json.dumps(ours))
        return frame

    own, real = DreamFolder(folder, panda).read("000000"), counted()
    assert own.camera == truth[0].camera and np.allclose(own.keypoints_px, truth[0].keypoints_px)
    assert (real.camera.cx, real.camera.cy) == (own.camera.cx + 0.5, own.camera.cy + 0.5)
    np.testing.assert_allclose(real.keypoints_px, own.keypoints_px + 0.5)
    middle = counted(cx=own.camera.width / 2, cy=own.camera.height / 2)
    assert (middle.camera.cx, middle.camera.cy) == (32.0, 24.0)
    np.testing.assert_array_equal(middle.keypoints_px, own.keypoints_px)


def test_given_pixel_centres_replace_what_files_and_principal_point_say(write_folder, tmp_path, panda, truth):
    folder = write_folder(tmp_path)
    assert DreamFolder(folder, panda).conventions["pixel_centres_from"] == "file"
    for centres, shift in (("half", 0.0), ("integer", 0.5)):
        frames = DreamFolder(folder, panda, pixel_centres=centres)
        assert frames.conventions["pixel_centres"] == centres
        assert frames.conventions["pixel_centres_from"] == "option"
        frame = frames.read("000000")
        assert frame.camera.cx == truth[0].camera.cx + shift
        np.testing.assert_allclose(frame.keypoints_px, truth[0].keypoints_px + shift)
    edit(folder, as_real)
    frame = DreamFolder(folder, panda, pixel_centres="integer").read("000000")
    assert frame.camera.cx == truth[0].camera.cx + 0.5


def test_given_units_replace_those_that_distances_suggest(write_folder, tmp_path, panda, truth):
    folder = write_folder(tmp_path)
    assert DreamFolder(folder, panda).conventions["units_from"] == "keypoints"
    for name in DreamFolder(folder, panda).names:
        edit(folder, as_synthetic, name)
    inferred, given = DreamFolder(folder, panda), DreamFolder(folder, panda, units="cm")
    assert (inferred.conventions["units"], inferred.conventions["units_from"]) == ("cm", "keypoints")
    assert (given.conventions["units"], given.conventions["units_from"]) == ("cm", "option")
    for frames in (inferred, given):
        assert max(pose_error(frames.read("000001").camera_T_base, truth[1].camera_T_base)) < 1e-7
    with pytest.raises(ValueError, match="not in the unit that was assumed"):
        DreamFolder(folder, panda, units="m").read("000001")


def test_unknown_options_are_rejected_with_the_valid_ones(write_folder, tmp_path, panda):
    folder = write_folder(tmp_path, count=1)
    with pytest.raises(ConfigurationError, match="unknown units 'mm'; valid names: auto, m, cm"):
        DreamFolder(folder, panda, units="mm")
    with pytest.raises(ConfigurationError, match="unknown pixel_centres 'corner'; valid names: auto, integer, half"):
        DreamFolder(folder, panda, pixel_centres="corner")


def test_frames_without_labels_are_images_and_joints(write_folder, tmp_path, panda, truth):
    folder = write_folder(tmp_path)
    edit(folder, lambda data: data.update(objects=[]))
    (folder / "000000.mask.png").unlink()
    frame = DreamFolder(folder, panda).read("000000")
    assert frame.camera_T_base is None
    assert frame.mask is None
    assert np.isnan(frame.keypoints).all()
    assert np.isnan(frame.keypoints_px).all()
    np.testing.assert_allclose(frame.frame().joint_positions, truth[0].joint_positions)


def test_joint_angles_beyond_the_limits_are_rejected(write_folder, tmp_path, panda):
    folder = write_folder(tmp_path)
    edit(folder, lambda data: data["sim_state"]["joints"][3].update(position=-103.0))
    with pytest.raises(ValueError, match=r"000000.json: panda_joint4 is at -103 rad, .* expected in radians"):
        DreamFolder(folder, panda).read_unlabelled("000000")


def test_camera_and_pixels_are_scaled_to_the_size_of_the_image(write_folder, tmp_path, panda, truth):
    folder = write_folder(tmp_path)
    (folder / "000000.mask.png").unlink()
    iio.imwrite(folder / "000000.rgb.png", np.zeros((96, 128, 3), np.uint8))
    (folder / "000000.rgb.jpg").unlink()
    frame = DreamFolder(folder, panda).read("000000")
    assert (frame.camera.width, frame.camera.height) == (128, 96)
    np.testing.assert_allclose(frame.keypoints_px, 2.0 * truth[0].keypoints_px, atol=1e-9)
    np.testing.assert_allclose(frame.camera.project(frame.keypoints), frame.keypoints_px, atol=1e-9)


def lacks_a_joint(data):
    data["sim_state"]["joints"].pop(3)


@pytest.mark.parametrize(
    "change, message",
    [
        (lacks_a_joint, "no position of panda_joint4 in sim_state.joints (found: panda_joint1, "),
        (lambda data: data.pop("sim_state"), "not understood: KeyError 'sim_state'"),
        (lambda data: data["camera_data"]["intrinsics"].pop("fx"), "not understood: KeyError 'fx'"),
        (lambda data: data["camera_data"]["intrinsics"].update(fx=-1), "PinholeCamera.fx must be positive"),
        (lambda data: data["objects"][0].pop("location"), "not understood: KeyError 'location'"),
        (lambda data: data.update(camera_data=None), "not understood: AttributeError"),
    ],
)
def test_errors_name_the_file_of_the_frame_and_the_cause(write_folder, tmp_path, panda, change, message):
    folder = write_folder(tmp_path, count=1)
    edit(folder, change)
    with pytest.raises(ValueError, match=re.escape(f"{folder / '000000.json'}: {message}")):
        DreamFolder(folder, panda).read("000000")


def test_damaged_and_missing_files_are_named(write_folder, tmp_path, panda):
    folder = write_folder(tmp_path, count=1)
    frames = DreamFolder(folder, panda)
    iio.imwrite(folder / "000000.mask.png", np.zeros((24, 32), np.uint8))
    with pytest.raises(ValueError, match=r"000000.mask.png: its size \(32, 24\) is not the image's \(64, 48\)"):
        frames.read("000000")
    (folder / "000000.rgb.jpg").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="000000.rgb.jpg: not an image"):
        frames.read("000000")
    (folder / "000000.rgb.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"000000.json has no image \(.rgb.jpg or .rgb.png\)"):
        frames.read("000000")
    (folder / "000000.json").write_text("{")
    with pytest.raises(ValueError, match="000000.json: not understood: JSONDecodeError"):
        frames.read_labels("000000")


def test_folders_without_frames_or_camera_are_rejected_by_name(write_folder, tmp_path, panda):
    for name in ("missing", "empty"):
        with pytest.raises(FileNotFoundError, match=f"no frames .* in .*{name}"):
            DreamFolder(tmp_path / name, panda)
        (tmp_path / "empty").mkdir(exist_ok=True)
    folder = write_folder(tmp_path / "frames", count=1)
    edit(folder, as_real)
    (folder / "_camera_settings.json").write_text("{}")
    with pytest.raises(ValueError, match="_camera_settings.json: not understood: KeyError 'camera_settings'"):
        DreamFolder(folder, panda)
    (folder / "_camera_settings.json").unlink()
    with pytest.raises(ValueError, match=r"000000.json: no camera: neither camera_data.intrinsics nor"):
        DreamFolder(folder, panda).read("000000")
