import numpy as np
import pytest

from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.summary import summarise, summary_table
from ctr_env.evaluation.servo.trace import Trace


def trace(true, apparent=None, valid=None, reason="", success=False, limit=False, seed=0):
    """A trace at 10 Hz with given true position errors (m) and no rotation errors."""
    n = len(true)
    true = np.asarray(true, dtype=float)
    valid = np.ones(n, bool) if valid is None else np.asarray(valid)
    zeros = np.zeros(n)
    path = np.stack([np.linspace(0, 0.2, n), zeros, zeros], axis=1)
    return Trace(
        seed,
        {
            "time_s": np.arange(n) / 10,
            "true_position_error_m": true,
            "true_rotation_error_rad": zeros,
            "apparent_position_error_m": true if apparent is None else np.asarray(apparent),
            "apparent_rotation_error_rad": zeros,
            "estimate_position_error_m": zeros + 0.01,
            "estimate_rotation_error_rad": zeros,
            "estimate_known": np.cumsum(valid) > 0,
            "estimate_valid": valid,
            "estimate_reason": np.where(valid, "", reason),
            "is_success": np.full(n, success),
            "at_joint_limit": np.full(n, limit),
            "arm_in_view": (np.arange(n) < 29).astype(float),
            "gripper_base_m": path,
            "gripper_camera_m": path,
            "goal_camera_m": path,
        },
    )


def test_errors_are_means_of_the_last_second():
    metrics = episode_metrics(trace([0.3] * 20 + [0.001] * 5 + [0.003] * 5, success=True))
    assert metrics["true_position_error_m"] == pytest.approx(0.002)
    assert metrics["estimate_position_error_m"] == pytest.approx(0.01)
    assert metrics["success"]
    assert metrics["failure"] is None


def test_settling_is_the_last_entry_into_the_tolerance():
    metrics = episode_metrics(trace([0.1] * 5 + [0.001] * 5 + [0.1] * 3 + [0.001] * 10))
    assert metrics["settling_time_s"] == pytest.approx(1.3)
    assert episode_metrics(trace([0.001] * 10))["settling_time_s"] == 0.0
    assert episode_metrics(trace([0.001] * 10 + [0.1]))["settling_time_s"] is None


def test_path_and_time_metrics():
    metrics = episode_metrics(trace([0.1] * 41, limit=True))
    assert metrics["path_length_m"] == pytest.approx(0.2)
    assert metrics["path_ratio"] == pytest.approx(1.0)
    assert metrics["joint_limit_time_s"] == pytest.approx(4.1)
    assert metrics["arm_in_view_share"] == pytest.approx(29 / 41)
    assert metrics["tracking_position_error_m"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "case, reason",
    [
        ({"true": [0.1] * 30, "valid": [False] * 30, "reason": "board_not_in_view"}, "board_not_in_view"),
        ({"true": [0.1] * 30, "apparent": [0.0] * 30}, "estimate_error"),
        ({"true": [0.1] * 30, "limit": True}, "joint_limit"),
        ({"true": [0.1] * 30}, "not_converged"),
    ],
)
def test_failures_are_classified(case, reason):
    assert episode_metrics(trace(**case))["failure"] == reason


def test_errors_without_a_valid_estimate_are_none():
    metrics = episode_metrics(trace([0.1] * 30, valid=[False] * 30, reason="lost"))
    assert metrics["apparent_position_error_m"] is None
    assert metrics["estimate_position_error_m"] is None
    assert metrics["true_position_error_m"] == pytest.approx(0.1)
    assert not metrics["has_estimate"]


def test_estimate_errors_count_valid_frames_only():
    valid = [True] * 10 + [False] * 20  # lost after a second
    assert episode_metrics(trace([0.1] * 30, valid=valid, reason="lost"))["apparent_position_error_m"] is None
    late = [False] * 25 + [True] * 5  # errors are zero before the first estimate
    apparent = [0.0] * 25 + [0.02] * 5
    metrics = episode_metrics(trace([0.1] * 30, apparent=apparent, valid=late, reason="latency"))
    assert metrics["apparent_position_error_m"] == pytest.approx(0.02)


def test_metrics_whose_series_an_older_trace_lacks_are_none():
    metrics = episode_metrics(trace([0.1] * 30))
    missing = {"overshoot_m", "overshoot_rad", "max_image_excursion", "lost_from_view_share"}
    missing |= {"peak_joint_velocity_rad_s", "peak_joint_jerk_rad_s3"}
    assert all(metrics[name] is None for name in missing)
    assert metrics["limit_hits"] == 0


def test_a_failure_has_a_detail_and_a_success_has_none():
    failed = episode_metrics(trace([0.1] * 30, valid=[True] * 20 + [False, True] * 5, reason="lost"))
    assert failed["failure_detail"] == "true error 100 mm, 0°; 50% of the estimates valid"
    assert episode_metrics(trace([0.001] * 30, success=True))["failure_detail"] is None


def test_summaries_are_over_the_episodes_that_have_a_metric():
    episodes = [episode_metrics(trace([x] * 30, success=x < 0.005)) for x in (0.001, 0.002, 0.1)]
    episodes.append(episode_metrics(trace([0.5] * 30, valid=[False] * 30, reason="lost")))
    summary = summarise(episodes)
    assert summary["episodes"] == 4
    assert summary["success_rate"] == 0.5
    assert summary["true_position_error_m"]["median"] == pytest.approx(0.051)
    assert summary["true_position_error_m"]["n"] == 4
    assert summary["estimate_position_error_m"]["n"] == 3
    assert summary["failures"] == {"not_converged": 1, "lost": 1}
    assert summary["with_estimate"]["episodes"] == 3
    assert summary["with_estimate"]["true_position_error_m"]["median"] == pytest.approx(0.002)
    assert summary_table(summary, "x").row_count > 5
    assert summarise([])["true_position_error_m"] == {"mean": None, "median": None, "p95": None, "n": 0}


def test_the_estimate_is_summarised_over_the_last_second_and_over_the_episode():
    n, valid = 40, np.arange(40) >= 10
    found = trace([0.1] * n, valid=valid)
    found.series["estimate_position_error_m"] = np.where(np.arange(n) < 30, 0.03, 0.01)
    found.series["estimate_position_std_m"] = np.where(np.arange(n) < 30, 0.006, 0.002)
    metrics = episode_metrics(found)
    assert metrics["estimate_position_std_m"] == pytest.approx(0.002)
    assert metrics["episode_estimate_position_std_m"] == pytest.approx((20 * 0.006 + 10 * 0.002) / 30)
    assert metrics["episode_estimate_position_error_m"] == pytest.approx((20 * 0.03 + 10 * 0.01) / 30)
    assert metrics["visible_share"] == pytest.approx(29 / 40)
    assert metrics["estimate_rotation_std_rad"] is None  # a trace of an earlier version
    assert episode_metrics(trace([0.1] * n, valid=[False] * n))["episode_estimate_position_error_m"] is None


def test_a_goal_is_reached_within_the_tolerances_of_the_environment():
    found = trace([0.1] * 5 + [0.008] * 30)
    assert episode_metrics(found)["settling_time_s"] is None
    assert episode_metrics(found)["failure"] == "not_converged"
    found.series["true_rotation_error_rad"] = np.ones(35)
    found.series.update(position_tolerance_m=np.full(35, 0.01), rotation_tolerance_rad=np.full(35, np.inf))
    metrics = episode_metrics(found)
    assert metrics["settling_time_s"] == pytest.approx(0.5) and metrics["failure"] == "estimate_error"


def test_a_gripper_at_the_goal_is_no_success_where_success_is_of_a_block():
    found = trace([0.001] * 30)
    found.series.update(position_tolerance_m=np.full(30, np.nan), rotation_tolerance_rad=np.full(30, np.nan))
    metrics = episode_metrics(found)
    assert metrics["settling_time_s"] is None and metrics["failure"] == "not_converged"
