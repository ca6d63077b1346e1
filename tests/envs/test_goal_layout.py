"""The goal layout: batched rewards and ends are those of steps, and replay with HER learns from hindsight."""

import numpy as np
import pytest
from stable_baselines3 import SAC, HerReplayBuffer

NAMES = ("PandaReachGoal", "PandaPushGoal")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reward", ["dense", "sparse"])
@pytest.mark.parametrize("obs_mode", ["estimate", "state"])
def test_batched_rewards_and_ends_are_those_of_the_steps(make, name, reward, obs_mode):
    env = make(name, reward=reward, obs_mode=obs_mode, estimator="noisy", tolerance_m=0.05)
    env.reset(seed=1)
    steps = []
    for _ in range(40):
        obs, given, terminated, truncated, _info = env.step(env.action_space.sample())
        steps.append((obs["achieved_goal"], obs["desired_goal"], given, terminated, truncated))
    achieved, desired, given, terminated, truncated = map(np.array, zip(*steps, strict=True))
    task = env.unwrapped
    np.testing.assert_array_equal(task.compute_reward(achieved, desired, {}), given)
    np.testing.assert_array_equal(task.compute_terminated(achieved, desired, {}), terminated)
    np.testing.assert_array_equal(task.compute_truncated(achieved, desired, {}), truncated)
    assert [task.compute_reward(*pair, {}) for pair in zip(achieved, desired, strict=True)] == given.tolist()
    assert task.compute_terminated(achieved[0], desired[0], {}) is False


@pytest.mark.parametrize("name", NAMES)
def test_rewards_are_those_of_the_distance(make, name):
    achieved, desired = np.zeros((2, 3)), np.array([[0.03, 0.04, 0.0], [0.0, 0.0, 0.02]])
    for reward, expected in (("dense", [-0.05, -0.02]), ("sparse", [-1.0, 0.0])):
        task = make(name, reward=reward, tolerance_m=0.03).unwrapped
        np.testing.assert_allclose(task.compute_reward(achieved, desired, None), expected)


@pytest.mark.parametrize("name", NAMES)
def test_hindsight_replay_takes_the_environment(make, name):
    env = make(name, reward="sparse", max_episode_steps=10)
    model = SAC("MultiInputPolicy", env, replay_buffer_class=HerReplayBuffer, learning_starts=20, batch_size=16, seed=0)
    model.learn(40)
    sample = model.replay_buffer.sample(64)
    assert {0.0, -1.0} >= set(sample.rewards.ravel().tolist())
    assert (sample.rewards == 0.0).any()  # goals that were achieved in hindsight


@pytest.mark.parametrize("name", NAMES)
def test_what_two_goals_do_not_tell_is_rejected(make, name):
    with pytest.raises(ValueError, match="'progress'; valid names: dense, sparse"):
        make(name, reward="progress")
    with pytest.raises(ValueError, match="'image'; valid names: estimate, state"):
        make(name, obs_mode="image")
