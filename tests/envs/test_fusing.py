"""Estimators that fuse over time, in the loop."""

import gymnasium as gym
import numpy as np
import pytest

import ctr_env  # noqa: F401 - registers the environments

NOISE = {"white_position_m": 0.01, "white_rotation_rad": 0.01}


def episode(env_id, steps, **config):
    """Errors of the estimate over an episode, and the last observation."""
    env = gym.make(env_id, randomization="none", disable_env_checker=True, obs_mode="estimate", **config)
    errors, observation = [], None
    for _ in range(2):  # the second must owe nothing to the first
        env.reset(seed=7)
        errors = []
        for _ in range(steps):
            observation, *_, info = env.step(np.zeros(6, np.float32))
            errors.append(info["estimate_position_error_m"])
    env.close()
    return np.array(errors), observation


@pytest.mark.parametrize(
    "name, env_id, more",
    [
        ("sliding_window", "ctr_env/PandaServo-v0", {"same_posture_rad": 0.0, "common_m": 0.0, "common_rad": 0.0}),
        ("pose_filter", "ctr_env/PandaTrack-v0", {"correlation_s": 0.0}),
    ],
)
def test_fused_poses_are_better_than_single_ones_and_repeat(name, env_id, more):
    task = {"moving": "camera"} if "Track" in env_id else {}
    config = {"source": "noisy", "source_config": NOISE, **more}
    single, _ = episode(env_id, 60, estimator="noisy", estimator_config=NOISE, **task)
    fused, observation = episode(env_id, 60, estimator=name, estimator_config=config, **task)
    again, same = episode(env_id, 60, estimator=name, estimator_config=config, **task)
    assert np.median(fused[30:]) < 0.6 * np.median(single[30:])
    np.testing.assert_array_equal(fused, again)
    for key, value in observation.items():
        np.testing.assert_array_equal(value, same[key])
