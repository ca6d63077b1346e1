import numpy as np
import pytest

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import PoseEstimate
from ctr_env.evaluation.pose.records import frame_record
from ctr_env.evaluation.pose.sheet import pose_sheet, sheet_rows
from ctr_env.geometry import PinholeCamera, look_at, moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

GREEN, ORANGE, BLUE = (80, 225, 110), (255, 150, 30), (90, 200, 255)


def tile(size=(320, 240), valid=True, mask=False):
    k = RobotKinematics("panda")
    camera = PinholeCamera.from_fov(1.0, *size)
    pose = look_at([1.8, 0.3, 0.6], [0.2, 0.0, 0.4]).inv()
    points = pose.apply(k.keypoints(k.home))
    image = np.zeros((size[1], size[0], 3), np.uint8)
    frame = LabelledFrame("000001", image, camera, k.home, pose, points, camera.project(points), None)
    predicted = None
    if mask:
        predicted = np.zeros((30, 40), np.float32)
        predicted[5:25, 5:10] = 1.0
    wrong = moved(pose, [0.1, 0, 0, 0, 0, 0.3])
    estimate = PoseEstimate(wrong, np.eye(6), valid, 0.0, "" if valid else "rejected", mask_source=predicted)
    return frame, estimate, frame_record(frame, estimate, k, 0.0)


def has(image, colour):
    return (image == colour).all(axis=-1).sum() > 20


def test_rows_show_best_median_worst_and_invalid_frames():
    records = {i: {"valid": i != 3, "add_m": None if i == 3 else 0.01 * (20 - i)} for i in range(20)}
    rows = sheet_rows(records)
    assert rows["best"] == [19, 18, 17, 16]
    assert rows["median"] == [12, 11, 10, 9]
    assert rows["worst valid"] == [4, 2, 1, 0]
    assert rows["invalid"] == [3]


def test_empty_rows_are_omitted():
    assert list(sheet_rows({0: {"valid": False, "add_m": None}})) == ["invalid"]
    assert sheet_rows({0: {"valid": True, "add_m": 0.1}}) == {"best": [0]}


@pytest.mark.parametrize("frames", [1, 5, 9, 12, 40])
def test_no_frame_is_shown_twice(frames):
    rows = sheet_rows({i: {"valid": True, "add_m": 0.01 * i} for i in range(frames)})
    shown = [index for indices in rows.values() for index in indices]
    assert len(shown) == len(set(shown)) == min(frames, 12)
    assert shown[0] == 0
    assert shown[-1] == frames - 1


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (300, 500)])
def test_skeletons_and_masks_are_drawn_into_images_of_any_shape(size):
    k = RobotKinematics("panda")
    sheet = pose_sheet({"best": [tile(size, mask=True), tile(size)]}, k)
    assert sheet.shape[1] == 2 * 480 + 6
    images = sheet[62:]
    assert has(images, GREEN)
    assert has(images, ORANGE)
    assert has(images[:, :480], BLUE)
    assert not has(images[:, 486:], BLUE)


def test_invalid_poses_are_not_drawn():
    sheet = pose_sheet({"invalid": [tile(valid=False)]}, RobotKinematics("panda"))
    assert has(sheet[62:], GREEN)
    assert not has(sheet[62:], ORANGE)
