"""The goal layout: batched rewards are those of steps, goals are what a robot believes, and replay with HER learns."""

import numpy as np
import pytest
from stable_baselines3 import SAC, HerReplayBuffer


@pytest.mark.parametrize("reward", ["dense", "sparse"])
@pytest.mark.parametrize("obs_mode", ["estimate", "state"])
def test_batched_rewards_and_ends_are_those_of_the_steps(make, reward, obs_mode):
    env = make("PandaReachGoal", reward=reward, obs_mode=obs_mode, estimator="noisy", tolerance_m=0.05)
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


def test_goals_are_beliefs_or_truth(make):
    for obs_mode in ("estimate", "state"):
        env = make("PandaReachGoal", obs_mode=obs_mode, estimator="noisy", estimator_config={"white_position_m": 0.03})
        obs, _ = env.reset(seed=2)
        now = env.unwrapped.snapshot
        error = np.linalg.norm(obs["desired_goal"] - now.base_T_goal.translation)
        assert (error > 1e-3) == (obs_mode == "estimate")
        believed = (now.estimate.camera_T_base.inv() * now.camera_T_goal).translation
        np.testing.assert_allclose(
            obs["desired_goal"], believed if obs_mode == "estimate" else now.base_T_goal.translation
        )
        assert obs["observation"].shape == ((14 + 8,) if obs_mode == "estimate" else (14,))


def test_without_any_estimate_the_goal_is_home(make):
    settings = {"estimator": "perturbed", "estimator_config": {"source": "ground_truth", "dropout": 1.0}}
    env = make("PandaReachGoal", **settings)
    obs, _ = env.reset(seed=3)
    k = env.unwrapped.kinematics
    np.testing.assert_allclose(obs["desired_goal"], k.base_T_ee(k.home).translation)


def test_hindsight_replay_takes_the_environment(make):
    env = make("PandaReachGoal", reward="sparse", max_episode_steps=10)
    model = SAC("MultiInputPolicy", env, replay_buffer_class=HerReplayBuffer, learning_starts=20, batch_size=16, seed=0)
    model.learn(40)
    sample = model.replay_buffer.sample(64)
    assert {0.0, -1.0} >= set(sample.rewards.ravel().tolist())
    assert (sample.rewards == 0.0).any()  # goals that were achieved in hindsight


def test_a_reward_that_needs_the_past_is_rejected(make):
    with pytest.raises(ValueError, match="'progress'; valid names: dense, sparse"):
        make("PandaReachGoal", reward="progress")


def test_other_observations_are_rejected(make):
    with pytest.raises(ValueError, match="'image'; valid names: estimate, state"):
        make("PandaReachGoal", obs_mode="image")
