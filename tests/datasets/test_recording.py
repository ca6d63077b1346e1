import json

import cv2
import imageio.v3 as iio
import numpy as np
import pytest

from ctr_env.datasets.recording import Recording, load_recording
from ctr_env.datasets.unlabelled import read_images
from ctr_env.errors import ConfigurationError, DataError, DataWarning
from ctr_env.geometry import PinholeCamera, look_at, pose_error
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = get_robot("panda")
KINEMATICS = RobotKinematics(PANDA)
CAMERA = PinholeCamera.from_fov(1.0, 128, 96)
ANGLES = KINEMATICS.home + np.random.default_rng(0).uniform(-0.5, 0.5, (5, 7))


def images(folder, names):
    folder.mkdir()
    for i, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), 40 * i, np.uint8))
    return folder


def table(file, names=None, joints=PANDA.arm_joints, angles=ANGLES):
    header = [*([] if names is None else ["image"]), "time", *(f"arm/{joint}" for joint in reversed(joints))]
    lines = [",".join(header)]
    for i, row in enumerate(angles):
        lines.append(
            ",".join([*([] if names is None else [names[i]]), str(0.1 * i), *map(repr, map(float, row[::-1]))])
        )
    file.write_text("\n".join(lines) + "\n")
    return file


def test_without_names_rows_belong_to_images_in_order(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    recording = Recording(folder, table(tmp_path / "q.csv"), CAMERA, KINEMATICS)
    assert recording.names == [f"{i}.png" for i in range(5)] and len(recording) == 5
    frame = recording.read("3.png")
    np.testing.assert_array_equal(frame.joint_positions, ANGLES[3])
    assert frame.image[0, 0, 0] == 120
    assert frame.camera == CAMERA.resized(64, 48)
    assert frame.camera_T_base is None and frame.mask is None


def test_rows_belong_to_the_images_that_they_name(tmp_path):
    names = ["b.png", "c.png", "a.png", "e.png", "d.png"]
    folder = images(tmp_path / "p", names)
    recording = Recording(folder, table(tmp_path / "q.csv", names[1:3], angles=ANGLES[:2]), CAMERA, KINEMATICS)
    assert recording.names[:2] == ["c.png", "a.png"]
    assert recording.read("a.png").image[0, 0, 0] == 80
    np.testing.assert_array_equal(recording.read("a.png").joint_positions, ANGLES[1])
    found = read_images(recording)
    assert list(found.frames) == ["c.png", "a.png"]
    assert [item.file for item in found.rejected] == ["b.png", "d.png", "e.png"]
    assert all("no row of" in item.reason for item in found.rejected)


def test_the_order_of_names_is_that_of_the_numbers_in_them(tmp_path):
    folder = images(tmp_path / "p", [f"image{i}.png" for i in (0, 2, 9, 10, 11)])
    recording = Recording(folder, table(tmp_path / "q.csv"), CAMERA, KINEMATICS)
    assert recording.names == [f"image{i}.png" for i in (0, 2, 9, 10, 11)]
    np.testing.assert_array_equal(recording.read("image10.png").joint_positions, ANGLES[3])


def record(file):
    iio.imwrite(file, [np.full((48, 64, 3), 50 * i, np.uint8) for i in range(5)], fps=20)
    return file


def test_rows_name_frames_of_a_video(tmp_path):
    recording = Recording(
        record(tmp_path / "video.mp4"),
        table(tmp_path / "q.csv", ["3", "001", "7"], angles=ANGLES[:3]),
        CAMERA,
        KINEMATICS,
    )
    assert recording.names == ["000003", "000001", "000007"]
    found = read_images(recording)
    assert list(found.frames) == ["000003", "000001"]
    for frame, grey in zip(found.frames.values(), (150, 50), strict=True):
        assert abs(float(frame.image.mean()) - grey) < 6
    np.testing.assert_array_equal(found.frames["000001"].joint_positions, ANGLES[1])
    assert [item.file for item in found.rejected] == ["video.mp4"]
    assert "no frame 7; they are numbered from 0 to 4" in found.rejected[0].reason
    with pytest.raises(ValueError, match="names frame 'home'; rows name a video's frames by their number"):
        Recording(tmp_path / "video.mp4", table(tmp_path / "q.csv", ["home"], angles=ANGLES[:1]), CAMERA, KINEMATICS)


def test_rows_belong_to_frames_of_a_video_in_order(tmp_path):
    record(tmp_path / "video.mp4")
    recording = Recording(tmp_path / "video.mp4", table(tmp_path / "q.csv"), CAMERA, KINEMATICS)
    for i in (3, 0, 4):
        frame = recording.read(recording.names[i])
        assert abs(float(frame.image.mean()) - 50 * i) < 6
        np.testing.assert_array_equal(frame.joint_positions, ANGLES[i])


def test_times_come_from_the_table_or_from_the_video(tmp_path):
    record(tmp_path / "video.mp4")
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    file = table(tmp_path / "q.csv")
    lines = file.read_text()

    def times(source):
        recording = Recording(source, file, CAMERA, KINEMATICS)
        return [recording.read_unlabelled(name).time_s for name in recording.names]

    np.testing.assert_allclose(times(folder), 0.1 * np.arange(5))
    np.testing.assert_allclose(times(tmp_path / "video.mp4"), 0.1 * np.arange(5))
    file.write_text(lines.replace("time", "day"))
    np.testing.assert_allclose(times(tmp_path / "video.mp4"), 0.05 * np.arange(5))
    assert times(folder) == [0.0] * 5
    file.write_text(lines.replace("\n0.2,", "\n1O.2,"))
    with pytest.raises(ValueError, match="time in line 4 is '1O.2', not a finite number"):
        times(folder)


def test_errors_name_their_cause(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(4)])
    good = table(tmp_path / "q.csv")
    with pytest.raises(ValueError, match="5 rows, .*p has 4 images"):
        Recording(folder, good, CAMERA, KINEMATICS)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Recording(tmp_path / "nowhere", good, CAMERA, KINEMATICS)
    with pytest.raises(FileNotFoundError, match="none of the images .* x.png"):
        Recording(folder, table(tmp_path / "n.csv", ["x.png"], angles=ANGLES[:1]), CAMERA, KINEMATICS)
    with pytest.raises(ValueError, match="no column panda_joint7"):
        Recording(
            folder, table(tmp_path / "j.csv", joints=PANDA.arm_joints[:6], angles=ANGLES[:, :6]), CAMERA, KINEMATICS
        )
    with pytest.raises(ValueError, match="two rows name image '1.png'"):
        Recording(folder, table(tmp_path / "t.csv", ["1.png", "1.png"], angles=ANGLES[:2]), CAMERA, KINEMATICS)
    (tmp_path / "broken.mp4").write_text("no video")
    with pytest.raises(ValueError, match="not a video"):
        Recording(tmp_path / "broken.mp4", good, CAMERA, KINEMATICS)


def test_joint_angles_beyond_the_limits_are_rejected_image_by_image(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    angles = ANGLES.copy()
    angles[1] = np.degrees(angles[1])
    recording = Recording(folder, table(tmp_path / "q.csv", angles=angles), CAMERA, KINEMATICS)
    recording.read("0.png")
    with pytest.raises(
        ValueError, match=r"q.csv, 1.png: panda_joint\d is at .* rad, beyond its limits .* expected in radians"
    ):
        recording.read("1.png")


def test_rows_that_cannot_be_used_are_rejected_one_by_one(tmp_path):
    names = [f"{i}.png" for i in range(5)]
    folder = images(tmp_path / "p", names)
    (folder / "3.png").unlink()
    file = table(tmp_path / "q.csv", names)
    file.write_text(file.read_text().replace(repr(float(ANGLES[2, 4])), "nan").replace(repr(float(ANGLES[0, 1])), ""))
    found = read_images(Recording(folder, file, CAMERA, KINEMATICS))
    assert list(found.frames) == ["1.png", "4.png"]
    assert [(item.file, item.reason.partition(": ")[2]) for item in found.rejected] == [
        ("q.csv", "arm/panda_joint2 in line 2 is '', not a finite number"),
        ("q.csv", "arm/panda_joint5 in line 4 is 'nan', not a finite number"),
        ("q.csv", f"no image '3.png' in {folder}"),
    ]


def test_a_known_pose_makes_labels(tmp_path):
    folder, pose = images(tmp_path / "p", [f"{i}.png" for i in range(5)]), look_at([1.5, 0.5, 0.6], [0, 0, 0.4]).inv()
    recording = Recording(folder, table(tmp_path / "q.csv"), CAMERA, KINEMATICS, pose)
    frame = recording.read("2.png")
    assert frame.camera_T_base is pose and frame.mask is None
    points = pose.apply(KINEMATICS.keypoints(ANGLES[2]))
    np.testing.assert_allclose(frame.keypoints, points)
    np.testing.assert_allclose(frame.keypoints_px, CAMERA.resized(64, 48).project(points))
    assert recording.files("2.png") == [folder / "2.png", tmp_path / "q.csv"]


def test_an_image_of_another_shape_is_rejected_by_name(tmp_path):
    """It was cropped in an unknown place; a smaller image of the same shape was resized as a whole."""
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    cv2.imwrite(str(folder / "2.png"), np.zeros((48, 90, 3), np.uint8))
    recording = Recording(folder, table(tmp_path / "q.csv"), CAMERA, KINEMATICS)
    found = read_images(recording)
    assert list(found.frames) == ["0.png", "1.png", "3.png", "4.png"]
    assert len(found.rejected) == 1
    assert "2.png: the image has 90x48 pixels, its camera 128x96" in found.rejected[0].reason


CAMERA_FILE = """image_width: 128
image_height: 96
camera_matrix: [117.15, 0, 63.5, 0, 117.15, 47.5, 0, 0, 1]
projection_matrix: [100, 0, 63.5, 0, 0, 100, 47.5, 0, 0, 0, 1, 0]
"""


def test_files_of_a_recording_are_opened_by_their_paths(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    table(tmp_path / "q.csv", joints=[name.replace("panda_joint", "a") for name in PANDA.arm_joints])
    (tmp_path / "camera.yaml").write_text(CAMERA_FILE)
    pose = look_at([1.5, 0.5, 0.6], [0, 0, 0.4]).inv()
    (tmp_path / "pose.json").write_text(json.dumps({"camera_T_base": pose.as_matrix().tolist()}))
    recording = load_recording(
        str(folder), str(tmp_path / "q.csv"), str(tmp_path / "camera.yaml"), "panda", str(tmp_path / "pose.json"),
        rectified=True, joint_names={"a": "panda_joint"},
    )  # fmt: skip
    frame = recording.read("3.png")
    np.testing.assert_array_equal(frame.joint_positions, ANGLES[3])
    assert frame.camera.fx == 50.0 and max(pose_error(frame.camera_T_base, pose)) < 1e-9
    assert recording.conventions == {"rows": "by order"}
    with pytest.raises(DataError, match="raw or rectified"):
        load_recording(folder, tmp_path / "q.csv", tmp_path / "camera.yaml", KINEMATICS)
    with pytest.raises(ConfigurationError, match="rectified says how to read a camera file"):
        load_recording(folder, tmp_path / "q.csv", CAMERA, KINEMATICS, rectified=False)


def test_a_shuffled_column_of_names_under_another_header_is_used(tmp_path):
    """Its rows are never paired by order, however many there are."""
    names = ["3.png", "0.png", "4.png", "1.png", "2.png"]
    folder = images(tmp_path / "p", sorted(names))
    file = table(tmp_path / "q.csv", names)
    file.write_text(file.read_text().replace("image,", "Filename,", 1))
    recording = Recording(folder, file, CAMERA, KINEMATICS)
    for name, angles in zip(names, ANGLES, strict=True):
        frame = recording.read(name)
        np.testing.assert_array_equal(frame.joint_positions, angles)
        assert frame.image[0, 0, 0] == 40 * int(name[0])


def test_a_log_is_interpolated_at_the_times_of_the_images(tmp_path):
    """The arm moves: 10 ms more or less would be another joint configuration."""
    folder = images(tmp_path / "p", [f"{t}.png" for t in (0.105, 0.333, 9.0)])
    times = 0.02 * np.arange(50)
    lines = [",".join(["time", *PANDA.arm_joints])]
    lines += [",".join(map(repr, [t.item(), *(KINEMATICS.home + 0.5 * t).tolist()])) for t in times]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    found = read_images(Recording(folder, tmp_path / "log.csv", CAMERA, KINEMATICS))
    assert list(found.frames) == ["0.105.png", "0.333.png"]
    for name, frame in found.frames.items():
        np.testing.assert_allclose(frame.joint_positions, KINEMATICS.home + 0.5 * float(name[:-4]), atol=1e-12)
        assert frame.time_s == float(name[:-4])
    assert [item.reason.partition(", ")[0] for item in found.rejected] == [
        f"{tmp_path / 'log.csv'}: no joint angles at the time of 9.0.png"
    ]


def test_swapped_columns_are_reported_when_a_recording_is_opened(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    angles = ANGLES.copy()
    angles[:, 2] += 1.9
    swapped = angles[:, [0, 2, 1, 3, 4, 5, 6]]
    with pytest.warns(DataWarning, match="q.csv: joints .*2 and 3.* seem swapped"):
        Recording(folder, table(tmp_path / "q.csv", angles=swapped), CAMERA, KINEMATICS)


def test_implausible_intrinsics_are_rejected_when_a_recording_is_opened(tmp_path):
    folder = images(tmp_path / "p", [f"{i}.png" for i in range(5)])
    camera = PinholeCamera(1.0, 1.0, 0.5, 0.5, 128, 96)
    with pytest.raises(DataError, match="implausible intrinsics"):
        Recording(folder, table(tmp_path / "q.csv"), camera, KINEMATICS)
