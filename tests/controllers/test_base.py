"""Values of the contract are checked when they are made."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import ServoGoal, ServoState
from ctr_env.geometry import transform


def test_a_goal_that_is_not_finite_is_rejected():
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="base_T_goal must be finite"):
        ServoGoal(transform((1.7e308, 0.0, 0.0)) * transform((1.7e308, 0.0, 0.0)), 0.0)
    with pytest.raises(ValueError, match="time_s must be finite, not inf"):
        ServoGoal(transform(), np.inf)


@pytest.mark.parametrize("twist", [np.zeros(5), [0, 0, 0, 0, 0, np.nan]])
def test_a_goal_twist_has_six_finite_numbers(twist):
    with pytest.raises(ValueError, match=r"ServoGoal\.twist must be six finite numbers"):
        ServoGoal(transform(), 0.0, twist)


def test_a_goal_twist_may_be_a_list():
    goal = ServoGoal(transform(), 0.0, [1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(goal.twist, np.arange(1.0, 7.0))


def test_a_state_that_is_not_finite_is_rejected():
    with pytest.raises(ValueError, match="ServoState must be finite"):
        ServoState(np.array([0.0, np.nan]), 0.0)


def test_the_estimate_that_a_goal_was_made_with_is_checked_too():
    with pytest.raises(ValueError, match=r"ServoGoal\.covariance must be \(6, 6\) finite numbers"):
        ServoGoal(transform(), 0.0, covariance=np.eye(5))
    with pytest.raises(ValueError, match=r"ServoGoal\.covariance must be \(6, 6\) finite numbers"):
        ServoGoal(transform(), 0.0, covariance=np.full((6, 6), np.nan))
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="camera_T_base must be finite"):
        far = transform((1.7e308, 0.0, 0.0))
        ServoGoal(transform(), 0.0, camera_T_base=far * far)
