"""Replayed episodes repeat bit for bit, and reset options are checked."""

import numpy as np
import pytest

from ctr_env.envs.replay import read_reset_options
from ctr_env.errors import ConfigurationError

SIZES = {"joints": 7, "clutter": 3, "occluders": 2}
STEPS = 240
"""Length of a registered episode."""


def assert_equal(one, other):
    """Every value of two (nested) mappings, bit for bit."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, dict):
            assert_equal(value, other[name])
        else:
            np.testing.assert_array_equal(value, other[name], err_msg=name)
            assert np.asarray(value).dtype == np.asarray(other[name]).dtype


@pytest.mark.parametrize(
    "name, settings, steps",
    [
        ("PandaServo", {"randomization": "mild", "controller_config": {"endpoint": "closed"}}, STEPS),
        ("BaxterTrack", {"randomization": "strong", "obs_mode": "estimate", "moving": "both"}, 300),
        (
            "PandaServo",
            {"randomization": "strong", "obs_mode": "image", "controller_config": {"endpoint": "closed"}},
            60,
        ),
    ],
)
def test_whole_episodes_replay_bit_for_bit_in_another_environment(make, name, settings, steps):
    """Observations, rewards and infos of every step, with noise, dropouts, latency and random actions."""
    noise = {"latency_s": 0.07, "dropout": 0.1, "drift_position_m": 0.002, "outlier": 0.05}
    env, other = (
        make(name, estimator="noisy", estimator_config=noise, width=48, height=36, **settings) for _ in range(2)
    )
    obs, info = env.reset(seed=11)
    other.reset(seed=2)
    other.step(other.action_space.sample())  # what was before must not matter
    obs2, info2 = other.reset(seed=99, options={"draws": info["draws"], "seed": info["seed"]})
    rng = np.random.default_rng(4)
    for _ in range(steps):
        assert_equal(obs, obs2)
        assert_equal(info, info2)
        action = rng.uniform(-0.3, 0.3, env.action_space.shape).astype(np.float32)
        obs, reward, *_, info = env.step(action)
        obs2, reward2, *_, info2 = other.step(action)
        assert reward == reward2
    assert info["estimate_known"]


def test_draws_replay_one_by_one_on_fresh_randomness(make):
    env = make(estimator="noisy")
    obs, info = env.reset(seed=11)
    kept = {name: info["draws"][name] for name in ("task.start", "task.goal")}
    other, replayed = env.reset(seed=99, options={"draws": kept})
    np.testing.assert_array_equal(obs["joint_positions"], other["joint_positions"])
    assert not np.array_equal(info["camera_T_base"], replayed["camera_T_base"])


def test_an_episode_repeats_in_the_same_environment_by_its_seed(make):
    env = make(randomization="mild")
    obs, info = env.reset(seed=1)
    env.reset()
    again, repeated = env.reset(options={"seed": info["seed"]})
    assert_equal(obs, again)
    assert_equal(info, repeated)


@pytest.mark.parametrize("seed", [3, np.int64(3), np.uint8(3), 2**62 - 1])
def test_seeds_may_be_any_integer(seed):
    found = read_reset_options({"seed": seed}, SIZES)
    assert found.seed == seed
    assert type(found.seed) is int


@pytest.mark.parametrize("seed", [-1, 1.0, "3", True, np.float64(3.0), [3]])
def test_other_seeds_are_rejected(seed):
    with pytest.raises(ConfigurationError, match="the reset option seed must be an integer >= 0"):
        read_reset_options({"seed": seed}, SIZES)


def test_no_options_replay_nothing():
    assert read_reset_options(None, SIZES) == read_reset_options({}, SIZES) == ({}, None)


def test_unknown_options_and_draws_are_rejected():
    with pytest.raises(ConfigurationError, match="unknown reset option 'draw'; valid names: draws, seed"):
        read_reset_options({"draw": {}}, SIZES)
    with pytest.raises(ValueError, match=r"unknown draw 'task\.stat'; valid names: "):
        read_reset_options({"draws": {"task.stat": 0.0}}, SIZES)
    with pytest.raises(ValueError, match=r"draw 'task\.start' must have shape \(7,\), not \(6,\)"):
        read_reset_options({"draws": {"task.start": np.zeros(6)}}, SIZES)
