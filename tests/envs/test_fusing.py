"""Estimators that fuse over time, in the loop."""

import gymnasium as gym
import numpy as np
import pytest

import ctr_env  # noqa: F401 - registers the environments

NOISE = {"white_position_m": 0.01, "white_rotation_rad": 0.01}


def episode(env_id, steps, **config):
    """Errors of the estimate over an episode; a second one in the same environment must owe nothing to it."""
    env = gym.make(env_id, randomization="none", disable_env_checker=True, obs_mode="estimate", **config)
    runs = []
    for _ in range(2):
        env.reset(seed=7)
        runs.append([env.step(np.zeros(6, np.float32))[-1]["estimate_position_error_m"] for _ in range(steps)])
    env.close()
    assert runs[0] == runs[1]
    return np.array(runs[0])


@pytest.mark.parametrize(
    "name, env_id, more",
    [
        (
            "sliding_window",
            "ctr_env/PandaServo-v0",
            {"same_configuration_rad": 0.0, "systematic_m": 0.0, "systematic_rad": 0.0},
        ),
        ("pose_filter", "ctr_env/PandaTrack-v0", {"correlation_s": 0.0, "systematic_m": 0.0, "systematic_rad": 0.0}),
    ],
)
def test_fused_poses_are_better_than_single_ones_and_repeat(name, env_id, more):
    task = {"moving": "camera"} if "Track" in env_id else {}
    config = {"source": "noisy", "source_config": NOISE, **more}
    single = episode(env_id, 60, estimator="noisy", estimator_config=NOISE, **task)
    fused = episode(env_id, 60, estimator=name, estimator_config=config, **task)
    assert np.median(fused[30:]) < 0.6 * np.median(single[30:])
