"""The reward is minus the weighted true error."""

import numpy as np
import pytest

from ctr_env.envs.reward import reward


def test_a_radian_counts_as_a_tenth_of_a_metre():
    assert reward(0.2, 0.0) == -0.2
    assert reward(0.0, 1.0) == -0.1
    assert type(reward(np.float64(0.2), np.float64(0.3))) is float


def test_a_step_rewards_by_the_true_errors(make):
    env = make(estimator="noisy", estimator_config={"bias_position_m": 0.05})
    env.reset(seed=0)
    _, value, *_, info = env.step(np.zeros(6, np.float32))
    assert value == pytest.approx(-(info["true_position_error_m"] + 0.1 * info["true_rotation_error_rad"]))
