"""The vector environment of the GPU path: spaces, episodes, seeds, autoreset, and what it rejects."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from ctr_env.envs.warp import WarpReachEnv, WarpServoEnv
from ctr_env.errors import ConfigurationError, DataError

WORLDS = 3
STILL = {"action_mode": "joint_velocity", "device": "cpu"}
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def env() -> WarpReachEnv:
    return WarpReachEnv(WORLDS, obs_mode="state+estimate+apparent+privileged", **STILL)


@slow
def test_observations_lie_in_their_space(env):
    obs, _ = env.reset(seed=1)
    for _ in range(3):
        obs, rewards, terminated, truncated, info = env.step(torch.from_numpy(env.action_space.sample()))
    assert env.observation_space.contains({key: value.numpy() for key, value in obs.items()})
    for value in (rewards, terminated, truncated, info["is_success"]):
        assert value.shape == (WORLDS,)
    assert terminated.dtype == truncated.dtype == torch.bool
    assert isinstance(env, gym.vector.VectorEnv)


@slow
def test_a_seed_repeats_everything(env):
    runs = []
    for _ in range(2):
        env.reset(seed=5)
        runs.append([env.step(torch.full((WORLDS, 7), 0.1))[0] for _ in range(3)])
    for first, second in zip(*runs, strict=True):
        assert all(torch.equal(first[key], second[key]) for key in first)


@slow
def test_seeds_may_be_given_for_each_world(env):
    env.reset(seed=[7, 8, 7])
    starts = [episode.start for episode in env.episodes]
    assert np.array_equal(starts[0], starts[2])
    assert not np.array_equal(starts[0], starts[1])
    env.reset(seed=7)
    assert np.array_equal(env.episodes[1].start, starts[1])
    with pytest.raises(ConfigurationError, match="seed must be an integer or 3 of them, one per environment, not 2"):
        env.reset(seed=[1, 2])


@slow
def test_without_a_seed_the_episodes_of_a_world_go_on(env):
    """As those of an ordinary environment, so that they repeat."""
    runs = []
    for _ in range(2):
        env.reset(seed=np.int64(3))
        env.reset(seed=[7, None, None])
        runs.append([episode.seed for episode in env.episodes])
    assert runs[0] == runs[1]


@slow
def test_episodes_end_together_and_the_next_step_begins_new_ones(env):
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    env.reset(seed=1)
    first = env.episodes
    action = torch.zeros(WORLDS, 7)
    for step in range(1, 121):
        obs, _, terminated, truncated, info = env.step(action)
        assert not terminated.any()
        assert (truncated == (step == 120)).all()
    assert info["time_s"] == pytest.approx(4.0)
    obs, rewards, terminated, truncated, info = env.step(action + 1.0)
    assert info["time_s"] == 0.0
    assert not (rewards.any() or terminated.any() or truncated.any())
    assert all(a.seed != b.seed for a, b in zip(first, env.episodes, strict=True))
    starts = np.stack([episode.start for episode in env.episodes])
    assert obs["joint_positions"].numpy() == pytest.approx(starts, abs=1e-6)
    assert not obs["joint_velocities"].any()


@slow
def test_a_pool_of_episodes_is_drawn_once():
    env = WarpServoEnv(WORLDS, episode_pool=2, **STILL)
    env.reset(seed=1)
    seeds = [episode.seed for episode in env.episodes]
    assert seeds[0] == seeds[2] != seeds[1]
    for _ in range(3):
        env.reset()
        assert {episode.seed for episode in env.episodes} <= set(seeds)
    with pytest.raises(ConfigurationError, match="a pool have one seed"):
        env.reset(seed=[1, 2, 3])


@slow
def test_misuse_is_named(env):
    with pytest.raises(gym.error.ResetNeeded):
        WarpReachEnv(WORLDS, **STILL).step(torch.zeros(WORLDS, 7))
    env.reset(seed=1)
    with pytest.raises(DataError, match=r"actions are \(3, 7\) numbers, not \(3, 6\)"):
        env.step(torch.zeros(WORLDS, 6))
    with pytest.raises(ConfigurationError, match="has no options"):
        env.reset(options={"draws": {}})


@slow
def test_a_goal_that_is_reached_is_a_success(env):
    """With the goal at the start nothing has to move: position errors are zero, and so is the sparse reward."""
    sparse = WarpReachEnv(WORLDS, reward="sparse", randomization={"task.goal": 0.0}, **STILL)
    _, info = sparse.reset(seed=1)
    assert info["is_success"].all()
    _, rewards, _, _, info = sparse.step(torch.zeros(WORLDS, 7))
    assert not rewards.any()
    held = WarpServoEnv(WORLDS, randomization={"task.goal": 0.0}, **STILL)
    _, info = held.reset(seed=1)
    successes = []
    for _ in range(17):
        successes.append(bool(info["is_success"].all()))
        _, _, _, _, info = held.step(torch.zeros(WORLDS, 7))
    assert successes == [False] * 15 + [True] * 2  # half a second


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"action_mode": "pbvs"}, "action_mode on the GPU path"),
        ({"estimator": "charuco"}, "estimator on the GPU path"),
        ({"obs_mode": "image", "randomization": "mild"}, r"has image.exposure, image.noise_std; override them"),
        ({"obs_mode": "nonsense"}, "obs_mode part"),
        ({"tolerance_m": 0.0}, "tolerance_m must lie in"),
        ({"tolerance_m": "1 cm"}, r"tolerance_m must lie in \(0, 1\] metres, not '1 cm'"),
        ({"reward": "progress"}, "unknown reward 'progress'; valid names: dense, sparse"),
        ({"reward": "none"}, "reward"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"episode_pool": 0}, "episode_pool must be an integer >= 1, not 0"),
    ],
)
def test_settings_that_are_not_to_be_had_are_named(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        WarpReachEnv(WORLDS, **({"device": "cpu"} | settings))


@pytest.mark.parametrize("count", [0, 2.0, "three"])
def test_the_number_of_worlds_is_a_positive_integer(count):
    with pytest.raises(ConfigurationError, match="num_envs must be an integer >= 1, not "):
        WarpServoEnv(count, device="cpu")
