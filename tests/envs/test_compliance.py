"""Every registered environment, in every mode, against Gymnasium's and Stable-Baselines3's own checks."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_sb3_env

from ctr_env._registration import ENVIRONMENTS
from ctr_env.envs import ACTION_MODES

OBS_MODES = ("state", "estimate", "image", "image+estimate", "state+estimate+image")
SIZE = {"width": 64, "height": 48}
# a few small images suffice to check interfaces; every id meets every mode
CASES = [(name, obs, action) for name in ENVIRONMENTS for obs in OBS_MODES for action in ACTION_MODES]


@pytest.mark.parametrize("name, obs_mode, action_mode", CASES)
def test_checkers_pass_without_warnings(name, obs_mode, action_mode):
    env = gym.make(name, obs_mode=obs_mode, action_mode=action_mode, **SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
        check_sb3_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_declared_render_modes_work(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make(name, render_mode="rgb_array", **SIZE)
        check_env(env.unwrapped)
    env.reset(seed=0)
    assert env.render().shape == (48, 64, 3)
    env.close()
    env = gym.make(name, render_mode="depth_array", **SIZE)
    env.reset(seed=0)
    depth = env.render()
    assert depth.shape == (48, 64)
    assert 0.1 < np.median(depth) < 10
    env.close()


def test_specs_survive_json():
    env = gym.make(
        "ctr_env/PandaServo-v0",
        estimator="noisy",
        estimator_config={"latency_s": 0.1},
        randomization={"preset": "mild", "camera.fov": {"uniform": [0.8, 0.9]}},
    )
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.config == env.unwrapped.config


def test_episodes_end_by_truncation_after_the_registered_time():
    env = gym.make("ctr_env/PandaServo-v0", max_episode_steps=5)
    env.reset(seed=0)
    flags = [env.step(np.zeros(6, np.float32))[2:4] for _ in range(5)]
    assert flags == [(False, False)] * 4 + [(False, True)]
