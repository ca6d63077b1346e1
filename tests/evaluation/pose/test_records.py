import json

import numpy as np
import pytest

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import PoseEstimate
from ctr_env.evaluation.pose.records import frame_record
from ctr_env.geometry import PinholeCamera, look_at, moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

KINEMATICS = RobotKinematics("panda")
CAMERA = PinholeCamera.from_fov(1.0, 64, 48)
TRUE = look_at([1.8, 0.3, 0.6], [0.2, 0.0, 0.4]).inv()


def labelled(pose=TRUE, camera=CAMERA, mask=None):
    points = pose.apply(KINEMATICS.keypoints(KINEMATICS.home))
    image = np.zeros((48, 64, 3), np.uint8)
    return LabelledFrame("000001", image, camera, KINEMATICS.home, pose, points, camera.project(points), mask)


def estimate(pose, **changes):
    return PoseEstimate(**({"camera_T_base": pose, "covariance": np.eye(6), "valid": True, "time_s": 0.0} | changes))


def test_the_true_pose_has_no_error():
    record = frame_record(labelled(), estimate(TRUE), KINEMATICS, 0.002)
    assert record["add_m"] == record["add_in_frame_m"] == record["translation_error_m"] == 0.0
    assert record["keypoint_errors_px"] == [0.0] * 7
    assert record["nees"] == pytest.approx(0.0)
    assert record["latency_ms"] == 2.0
    assert record["visibility"] == 1.0
    assert record["mask_iou"] is record["mask_share"] is None
    assert record["picture_size"] == [64, 48]
    assert 1.3 < record["distance_m"] < 2.0


def test_a_translation_error_appears_in_every_metric():
    shift = np.array([0.03, 0.0, 0.0, 0.0, 0.0, 0.0])
    estimated = estimate(moved(TRUE, -shift), covariance=0.01**2 * np.eye(6))
    record = frame_record(labelled(), estimated, KINEMATICS, 0.0)
    assert record["add_m"] == pytest.approx(0.03)
    assert record["translation_error_m"] == pytest.approx(0.03)
    assert record["rotation_error_rad"] == pytest.approx(0.0, abs=1e-6)
    assert record["nees"] == pytest.approx(9.0)
    assert record["expected_translation_error_m"] == pytest.approx(0.01 * np.sqrt(3))
    depths = TRUE.apply(KINEMATICS.keypoints(KINEMATICS.home))[:, 2]
    assert record["keypoint_errors_px"] == pytest.approx(0.03 * CAMERA.fx / depths)


def test_in_frame_errors_count_only_keypoints_in_the_image():
    pose = look_at([0.7, 0.9, 0.3], [0.1, 0.2, 0.1]).inv()
    record = frame_record(labelled(pose), estimate(moved(pose, np.full(6, 0.05))), KINEMATICS, 0.0)
    inside = np.array(record["keypoints_in_frame"])
    assert 0 < inside.sum() < 7
    assert record["add_in_frame_m"] == pytest.approx(np.mean(np.array(record["keypoint_errors_m"])[inside]))
    assert record["visibility"] == pytest.approx(inside.mean())


def test_invalid_estimates_have_no_errors():
    record = frame_record(labelled(), estimate(TRUE, valid=False, reason="board_not_in_view"), KINEMATICS, 0.0)
    assert not record["valid"]
    assert record["reason"] == "board_not_in_view"
    for name in ("add_m", "add_in_frame_m", "nees", "keypoint_errors_m", "keypoint_errors_px", "camera_T_base"):
        assert record[name] is None


def test_points_behind_the_camera_have_no_pixel_error():
    mirrored = moved(TRUE, np.array([0, 0, -5.0, 0, 0, 0]))
    record = frame_record(labelled(), estimate(mirrored), KINEMATICS, 0.0)
    assert record["keypoint_errors_px"] == [None] * 7
    assert record["add_m"] == pytest.approx(5.0)
    json.dumps(record, allow_nan=False)


def test_masks_are_compared_even_without_a_valid_pose():
    mask = np.zeros((48, 64), bool)
    mask[10:20, 10:20] = True
    estimated = estimate(TRUE, valid=False, mask_source=mask.astype(np.float32))
    record = frame_record(labelled(mask=mask), estimated, KINEMATICS, 0.0)
    assert record["mask_iou"] == 1.0
    assert record["mask_share"] == pytest.approx(100 / (48 * 64))
