"""Ten thousand random steps of every registered environment in every mode: no NaN, no warning, no growth of memory."""

import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from ctr_env._registration import ENVIRONMENTS
from ctr_env.envs import ACTION_MODES

STEPS, WARM_UP = 10_000, 3_000
LARGEST_GROWTH = 12e6  # bytes; 1.7 kB a step would exceed it
CASES = [
    (name, obs_mode, action_mode)
    for name in ENVIRONMENTS
    for action_mode in ACTION_MODES
    for obs_mode in (("state", "estimate") if "Goal" in name else ("state+estimate+apparent+privileged",))
]
CASES += [("ctr_env/PandaServo-v0", "image+estimate", "pbvs"), ("ctr_env/BaxterTrack-v0", "image", "joint_velocity")]


@pytest.mark.slow
@pytest.mark.parametrize("name, obs_mode, action_mode", CASES)
def test_ten_thousand_random_steps(name, obs_mode, action_mode):
    env = gym.make(
        name,
        obs_mode=obs_mode,
        action_mode=action_mode,
        randomization="strong",
        estimator="noisy",
        estimator_config={"dropout": 0.2},
        width=48,
        height=36,
    )
    env.action_space.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        obs, _ = env.reset(seed=0)
        before = 0
        for step in range(STEPS):
            before = _resident() if step == WARM_UP else before
            if step % 8 == 0:  # long enough to get somewhere
                action = env.action_space.sample()
            obs, reward, terminated, truncated, info = env.step(action)
            assert np.isfinite(reward) and np.isfinite(info["true_position_error_m"])
            assert env.observation_space.contains(obs), step
            if terminated or truncated:
                obs, _ = env.reset()
        growth = _resident() - before
        assert env.unwrapped.scene.data.warning.number.sum() == 0
    env.close()
    assert growth < LARGEST_GROWTH


def _resident():
    """Resident memory of this process, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
