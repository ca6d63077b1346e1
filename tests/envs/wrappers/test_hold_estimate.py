"""The last valid estimate is observed while there is none."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import FrameStackObservation

from ctr_env.envs.wrappers import HoldEstimate
from ctr_env.errors import ConfigurationError

ACTION = np.zeros(6, np.float32)
LOSSY = {"estimator": "perturbed", "estimator_config": {"source": "noisy", "dropout": 0.7, "delay_s": 0.1}}


def observations(env, steps=25, seed=4):
    found = [env.reset(seed=seed)[0]]
    for _ in range(steps):
        found.append(env.step(ACTION)[0])
    return found


def test_pose_and_deviations_are_held_and_the_age_grows(make):
    plain, held = observations(make(**LOSSY)), observations(HoldEstimate(make(**LOSSY)))
    valid = [bool(obs["estimate_valid"][0]) for obs in plain]
    first = valid.index(True)
    assert first > 0 and False in valid[first:]
    for expected, found in zip(plain[:first], held[:first], strict=True):
        assert all(np.array_equal(expected[key], found[key]) for key in expected)
    for i in range(first, len(plain)):
        expected, found = plain[i], held[i]
        assert found["estimate_valid"] == valid[i]
        last = max(k for k in range(i + 1) if valid[k])
        np.testing.assert_array_equal(found["estimate_pose"], plain[last]["estimate_pose"])
        np.testing.assert_array_equal(found["estimate_std"], plain[last]["estimate_std"])
        np.testing.assert_allclose(found["estimate_age"], plain[last]["estimate_age"] + (i - last) / 30, atol=1e-5)
        assert all(np.array_equal(expected[key], found[key]) for key in expected if not key.startswith("estimate_"))


def test_nothing_is_held_beyond_the_end_of_an_episode(make):
    env = HoldEstimate(make(**LOSSY))
    observations(env)
    obs, _ = env.reset(seed=4)
    assert obs["estimate_valid"] == 0
    np.testing.assert_array_equal(obs["estimate_pose"], [0, 0, 0, 1, 0, 0, 0, 1, 0])


def test_held_observations_stay_in_their_space_and_are_restored_from_a_specification(make):
    env = HoldEstimate(make(**LOSSY))
    restored = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(restored, HoldEstimate)
    for expected, found in zip(observations(env), observations(restored), strict=True):
        assert env.observation_space.contains(found)
        assert all(np.array_equal(expected[key], found[key]) for key in expected)
    restored.close()


def test_observations_without_an_estimate_and_stacked_ones_are_rejected(make):
    for env in (make(obs_mode="state"), FrameStackObservation(make(), 2)):
        with pytest.raises(ConfigurationError, match="HoldEstimate needs the observation 'estimate_valid'"):
            HoldEstimate(env)
