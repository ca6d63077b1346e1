"""Errors by the newest valid estimate, judged at the instant of its image."""

from types import SimpleNamespace

import numpy as np
import pytest

from ctr_env.envs.loop_errors import LoopErrors
from ctr_env.errors import DataError
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import moved, transform

CAMERA_T_BASE = transform([0.1, -0.2, 1.5])


def instant(time_s, estimate, goal=(0.5, 0.0, 0.3), gripper=(0.4, 0.0, 0.3)):
    """A gripper and a goal at points of the base frame."""
    now = SimpleNamespace(
        time_s=time_s,
        camera_T_goal_matrix=(CAMERA_T_BASE * transform(goal)).as_matrix(),
        camera_T_base_matrix=CAMERA_T_BASE.as_matrix(),
        estimate=estimate,
    )
    return now, transform(gripper).as_matrix()


def estimated(time_s, shift=(0.0, 0.0, 0.0), gripper=None):
    pose = transform(CAMERA_T_BASE.translation + np.array(shift))
    return PoseEstimate(pose, np.eye(6), True, time_s, camera_T_ee=gripper)


def test_an_exact_estimate_has_no_error_and_shows_the_true_distance():
    errors = LoopErrors(closed=False)
    errors.update(*instant(0.0, estimated(0.0)))
    assert errors.known
    np.testing.assert_allclose(errors.apparent_error, (0.1, 0.0), atol=1e-12)
    np.testing.assert_allclose(errors.estimate_error, (0.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(errors.base_T_goal.translation, (0.5, 0.0, 0.3), atol=1e-12)


def test_a_bias_shifts_the_goal_and_counts_as_error_of_the_estimate():
    errors = LoopErrors(closed=False)
    errors.update(*instant(0.0, estimated(0.0, shift=(0.02, 0.0, 0.0))))
    np.testing.assert_allclose(errors.base_T_goal.translation, (0.48, 0.0, 0.3), atol=1e-12)
    np.testing.assert_allclose(errors.apparent_error, (0.08, 0.0), atol=1e-12)
    np.testing.assert_allclose(errors.estimate_error, (0.02, 0.0), atol=1e-12)


def test_a_late_estimate_is_judged_by_the_instant_of_its_image():
    errors = LoopErrors(closed=False)
    nothing = PoseEstimate.invalid("latency", 0.0)
    errors.update(*instant(0.0, nothing, gripper=(0.4, 0.0, 0.3)))
    errors.update(*instant(0.1, estimated(0.0), goal=(9.0, 9.0, 9.0), gripper=(0.45, 0.0, 0.3)))
    np.testing.assert_allclose(errors.apparent_error, (0.1, 0.0), atol=1e-12)


def test_an_invalid_estimate_changes_nothing():
    errors = LoopErrors(closed=False)
    errors.update(*instant(0.0, PoseEstimate.invalid("nothing", 0.0)))
    assert not errors.known and errors.base_T_goal is None
    errors.update(*instant(0.1, estimated(0.1)))
    errors.update(*instant(0.2, PoseEstimate.invalid("nothing", 0.2), gripper=(0.0, 0.0, 0.0)))
    np.testing.assert_allclose(errors.apparent_error, (0.1, 0.0), atol=1e-12)


@pytest.mark.parametrize("closed, distance", [(False, 0.1), (True, 0.07)])
def test_a_closed_endpoint_counts_the_gripper_where_it_is_observed(closed, distance):
    errors = LoopErrors(closed)
    seen = moved(CAMERA_T_BASE * transform([0.4, 0.0, 0.3]), [0.03, 0.0, 0.0, 0.0, 0.0, 0.0])
    errors.update(*instant(0.0, estimated(0.0, gripper=seen)))
    np.testing.assert_allclose(errors.apparent_error, (distance, 0.0), atol=1e-12)
    np.testing.assert_allclose(errors.gripper_offset, [0.03, 0, 0, 0, 0, 0], atol=1e-12)


def test_an_estimate_must_name_the_frame_that_it_was_made_from():
    errors = LoopErrors(closed=False)
    with pytest.raises(
        DataError, match=r"PoseEstimate\.time_s must be the time of one of the last 300 frames, not -1\.0"
    ):
        errors.update(*instant(0.0, estimated(-1.0)))
