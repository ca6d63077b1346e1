"""The goal's twist, given or estimated, and its extrapolation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers import ServoGoal
from ctr_env.controllers.goal_motion import GoalMotion, rigid_twist
from ctr_env.geometry import moved, transform, twist_between

POSE = transform((0.4, -0.2, 0.3), Rotation.from_euler("xyz", (0.5, -1.0, 2.0)))
TWIST = np.array([0.1, -0.05, 0.02, 0.3, 0.2, -0.4])


def test_extrapolation_is_the_inverse_of_the_twist_between_poses():
    np.testing.assert_allclose(twist_between(POSE, moved(POSE, TWIST, 0.7), 0.7), TWIST, atol=1e-14)


def test_rigid_twist_keeps_a_carried_pose_where_it_is():
    """A point that moves with the body keeps its position in the body's frame."""
    carried = POSE * transform((0.1, 0.2, -0.3))
    h = 1e-6
    after = moved(carried, rigid_twist(TWIST, POSE.translation, carried.translation), h)
    relative = moved(POSE, TWIST, h).inv() * after
    np.testing.assert_allclose(relative.as_matrix(), (POSE.inv() * carried).as_matrix(), atol=1e-11)


def test_a_given_twist_is_used_unless_switched_off():
    goal = ServoGoal(POSE, 0.0, TWIST)
    np.testing.assert_array_equal(GoalMotion("given").twist(goal), TWIST)
    np.testing.assert_array_equal(GoalMotion("estimate").twist(goal), TWIST)
    np.testing.assert_array_equal(GoalMotion("off").twist(goal), np.zeros(6))


def test_without_a_given_twist_the_goal_rests_by_default():
    motion = GoalMotion()
    for k in range(3):
        goal = ServoGoal(moved(POSE, TWIST, 0.1 * k), 0.1 * k)
        np.testing.assert_array_equal(motion.twist(goal), np.zeros(6))


def test_estimated_twist_approaches_the_true_one_with_the_time_constant():
    motion, dt = GoalMotion("estimate", time_constant=0.2), 1.0 / 30.0
    for k in range(40):
        estimate = motion.twist(ServoGoal(moved(POSE, TWIST, k * dt), k * dt))
        np.testing.assert_allclose(estimate, (1.0 - np.exp(-k * dt / 0.2)) * TWIST, atol=1e-12)


def test_repeated_goals_do_not_change_the_estimate():
    motion = GoalMotion("estimate")
    motion.twist(ServoGoal(POSE, 0.0))
    second = ServoGoal(moved(POSE, TWIST, 0.1), 0.1)
    first_answer = motion.twist(second)
    np.testing.assert_array_equal(motion.twist(second), first_answer)
    assert np.linalg.norm(first_answer) > 0.0


def test_reset_forgets_the_motion():
    motion = GoalMotion("estimate")
    motion.twist(ServoGoal(POSE, 0.0))
    motion.twist(ServoGoal(moved(POSE, TWIST, 0.1), 0.1))
    motion.reset()
    np.testing.assert_array_equal(motion.twist(ServoGoal(POSE, 0.2)), np.zeros(6))


def test_wrong_settings_are_rejected():
    with pytest.raises(ValueError, match="unknown feed-forward rule 'yes'; valid names: off, given, estimate"):
        GoalMotion("yes")
    with pytest.raises(ValueError, match=r"time constant must be positive seconds, not 0\.0"):
        GoalMotion("estimate", 0.0)
