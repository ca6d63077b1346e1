import numpy as np
import pytest

from ctr_env.evaluation.pose.summary import keypoint_errors, pose_summary, pose_table, series


def record(add=0.01, valid=True, **changes):
    """A frame with an error of all seven keypoints of ``add`` metres and 100 times as many pixels."""
    return {
        "name": "000000",
        "valid": valid,
        "reason": "" if valid else "rejected",
        "add_m": add if valid else None,
        "add_in_frame_m": add if valid else None,
        "translation_error_m": add if valid else None,
        "rotation_error_rad": 0.1 if valid else None,
        "nees": 6.0 if valid else None,
        "expected_translation_error_m": 0.02 if valid else None,
        "mask_iou": 0.5,
        "latency_ms": 10.0,
        "keypoints_in_frame": [True] * 7,
        "keypoint_errors_m": [add] * 7 if valid else None,
        "keypoint_errors_px": [100 * add] * 7 if valid else None,
        "picture_size": [640, 480],
        "visibility": 1.0,
        "distance_m": 1.0,
    } | changes


def test_frames_without_a_valid_estimate_are_misses():
    summary = pose_summary([record(0.01), record(0.01), record(0.01), record(valid=False)])
    assert summary["frames"] == 4
    assert summary["valid_share"] == 0.75
    assert summary["failures"] == {"rejected": 1}
    assert summary["add_auc_dream"] == pytest.approx(0.75 * 90, abs=0.02)
    assert summary["add_auc_ctrnet"] == pytest.approx(0.75 * 90, abs=0.1)
    assert summary["pck2d"] == {"2.5": 0.75, "5": 0.75, "10": 0.75, "50": 0.75}
    assert summary["pck3d"] == {"10": 0.0, "20": 0.75, "50": 0.75, "100": 0.75}
    assert summary["add_mean_m"] == summary["add_median_m"] == pytest.approx(0.01)


def test_the_median_is_over_all_frames_and_does_not_improve_by_rejection():
    all_valid = [record(0.01), record(0.02), record(0.03), record(0.5), record(0.6)]
    with_rejections = [*all_valid[:3], record(valid=False), record(valid=False)]
    assert pose_summary(all_valid)["add_median_m"] == pose_summary(with_rejections)["add_median_m"] == 0.03
    assert pose_summary(with_rejections)["add_mean_m"] == pytest.approx(0.02)
    assert pose_summary(with_rejections[2:])["add_median_m"] is None


def test_wrong_poses_that_are_not_rejected_are_counted():
    summary = pose_summary([record(0.05), record(0.1), record(0.3), record(valid=False)])
    assert summary["far_off_share"] == pytest.approx(2 / 3)


def test_keypoints_outside_the_image_count_in_pck3d_only():
    inside = [True] * 3 + [False] * 4
    errors = {"keypoint_errors_px": [1.0] * 3 + [None] * 4, "keypoint_errors_m": [0.001] * 3 + [1.0] * 4}
    records = [record(0.01, keypoints_in_frame=inside, **errors)]
    assert keypoint_errors(records, "keypoint_errors_px", in_frame=True).tolist() == [1.0] * 3
    summary = pose_summary(records)
    assert summary["pck2d"]["2.5"] == 1.0
    assert summary["pck3d"]["10"] == pytest.approx(3 / 7)
    assert summary["dream_frames"] == 0
    assert summary["add_auc_dream"] is None
    assert summary["add_auc_ctrnet"] > 89


def test_nees_latency_masks_and_image_sizes():
    summary = pose_summary([record(nees=4.0, latency_ms=10.0), record(nees=20.0, latency_ms=30.0, mask_iou=None)])
    within = {"50": 0.5, "90": 0.5, "95": 0.5}
    nees = {"mean": 12.0, "median": 12.0, "expected": 6, "share_within_95": 0.5, "share_within": within, "n": 2}
    assert summary["nees"] == nees
    assert summary["latency_ms"]["median"] == 20.0
    assert (summary["mask_iou"], summary["mask_frames"]) == (0.5, 1)
    assert summary["picture_sizes"] == ["640x480"]
    assert summary["rotation_error_rad"] == {"mean": 0.1, "median": 0.1, "p95": pytest.approx(0.1), "n": 2}


def test_rank_correlation_of_expected_and_actual_errors():
    def correlation(*expected):
        errors = (0.001, 0.004, 0.002, 0.003)
        records = [record(e, expected_translation_error_m=s) for e, s in zip(errors, expected, strict=True)]
        return pose_summary([*records, record(valid=False)])["rank_correlation"]

    assert correlation(0.01, 0.5, 0.02, 0.03) == pytest.approx(1.0)
    assert correlation(0.5, 0.01, 0.03, 0.02) == pytest.approx(-1.0)
    assert correlation(0.1, 0.1, 0.1, 0.1) is None
    squares = pose_summary([record(nees=n) for n in (5.0, 6.0, 10.0, 12.0)])["nees"]
    assert squares["share_within"] == {"50": 0.25, "90": 0.75, "95": 1.0}


def test_a_summary_without_valid_estimates_is_defined():
    summary = pose_summary([record(valid=False, mask_iou=None, keypoints_in_frame=[False] * 7)])
    assert summary["add_auc_ctrnet"] == 0.0
    for name in ("add_auc_dream", "add_mean_m", "add_median_m", "far_off_share", "mask_iou", "pck2d_auc_20px"):
        assert summary[name] is None
    assert summary["nees"]["mean"] is summary["rank_correlation"] is None
    assert pose_table(summary, "title").row_count > 4


def test_missing_errors_are_infinite():
    assert series([record(0.5), record(valid=False)], "add_m").tolist() == [0.5, np.inf]
