"""What is seen to be wrong at the gripper is taken off the goal."""

import numpy as np
import pytest

from ctr_env.controllers import EndpointCorrection, PBVSConfig, ServoGoal
from ctr_env.geometry import moved, pose_error, transform, twist_between

GOAL = transform((0.5, 0.1, 0.4))
OFFSET = np.array([0.02, -0.01, 0.005, 0.01, 0.02, -0.03])


def test_an_arm_at_the_shifted_goal_is_seen_at_the_goal():
    shifted = EndpointCorrection(1.0).shifted(ServoGoal(GOAL, 0.0, gripper_offset=OFFSET))
    assert max(pose_error(moved(shifted, OFFSET), GOAL)) < 1e-6  # seen = where encoders have it, and the offset
    np.testing.assert_allclose(twist_between(GOAL, shifted), -OFFSET, atol=1e-9)


def test_offsets_are_averaged_and_an_image_counts_once():
    rng = np.random.default_rng(0)
    correction = EndpointCorrection(1.0)
    for step in range(60):
        goal = ServoGoal(GOAL, step / 30, gripper_offset=OFFSET + 0.01 * rng.standard_normal(6))
        shifted = correction.shifted(goal)
        assert correction.shifted(goal).as_matrix() == pytest.approx(shifted.as_matrix(), abs=0.0)
    np.testing.assert_allclose(twist_between(GOAL, shifted), -OFFSET, atol=0.01)
    unseen = correction.shifted(ServoGoal(GOAL, 3.0))
    assert unseen.as_matrix() == pytest.approx(shifted.as_matrix(), abs=0.0)
    correction.reset()
    assert correction.shifted(ServoGoal(GOAL, 4.0)) is GOAL


def test_a_change_is_followed_within_a_few_time_constants():
    correction = EndpointCorrection(0.5)
    for step in range(120):
        offset = OFFSET if step < 60 else -OFFSET
        shifted = correction.shifted(ServoGoal(GOAL, step / 30, gripper_offset=offset))
    np.testing.assert_allclose(twist_between(GOAL, shifted), OFFSET, atol=0.05 * np.abs(OFFSET).max())


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="endpoint 'ecl'; valid names: open, closed"):
        PBVSConfig(endpoint="ecl")
    with pytest.raises(ValueError, match="endpoint_time_constant"):
        PBVSConfig(endpoint_time_constant=0.0)
    with pytest.raises(ValueError, match=r"ServoGoal\.gripper_offset"):
        ServoGoal(GOAL, 0.0, gripper_offset=np.zeros(3))
