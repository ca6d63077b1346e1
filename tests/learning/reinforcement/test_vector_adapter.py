"""Vector environments in the hands of Stable-Baselines3."""

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO, SAC, HerReplayBuffer
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.errors import ConfigurationError
from ctr_env.learning.reinforcement import StableVectorEnv
from ctr_env.learning.reinforcement.vector_environments import training_environments
from ctr_env.runs.seeds import episode_seed

REACH, GOAL = "ctr_env/PandaReach-v0", "ctr_env/PandaReachGoal-v0"
SETTINGS = {"estimator": "noisy", "max_episode_steps": 4}


@pytest.fixture
def adapted():
    """Makes adapted vector environments and closes them in the end."""
    opened = []

    def make(env_id=REACH, count=2, **settings):
        mode = {"vectorization_mode": "vector_entry_point", "autoreset_mode": "Disabled"}
        opened.append(StableVectorEnv(gym.make_vec(env_id, count, **mode, **(SETTINGS | settings))))
        return opened[-1]

    yield make
    for envs in opened:
        envs.close()


def test_steps_are_those_of_monitored_environments_in_turn(adapted):
    ours = adapted()
    theirs = DummyVecEnv([lambda: Monitor(gym.make(REACH, disable_env_checker=True, **SETTINGS))] * 2)
    rng = np.random.default_rng(0)
    for envs in (ours, theirs):
        envs.seed(5)
    for found, expected in [(ours.reset(), theirs.reset())]:
        assert all(np.array_equal(found[name], expected[name]) for name in expected)
    for _ in range(9):
        actions = rng.uniform(-1, 1, (2, 6)).astype(np.float32)
        (obs, rewards, dones, infos), expected = ours.step(actions), theirs.step(actions)
        assert all(np.array_equal(obs[name], values) for name, values in expected[0].items())
        np.testing.assert_array_equal(rewards, expected[1])
        np.testing.assert_array_equal(dones, expected[2])
        for info, other in zip(infos, expected[3], strict=True):
            assert info.keys() == other.keys() - {"draws", "frame_draws"}
            for name in info.keys() - {"episode", "terminal_observation"}:
                assert type(info[name]) is type(other[name])
                np.testing.assert_array_equal(info[name], other[name])
            if "episode" in info:
                assert (info["episode"]["r"], info["episode"]["l"]) == (other["episode"]["r"], 4)
                last, theirs_last = info["terminal_observation"], other["terminal_observation"]
                assert all(np.array_equal(last[name], theirs_last[name]) for name in theirs_last)
    assert ours.reset_infos[1]["draws"].keys() == theirs.reset_infos[1]["draws"].keys()
    assert ours.env_is_wrapped(Monitor) == [True, True]
    theirs.close()


def test_ppo_learns_from_it(adapted):
    model = PPO("MultiInputPolicy", adapted(count=3), n_steps=8, batch_size=12, n_epochs=1, seed=0)
    model.learn(48)
    assert model.num_timesteps == 48
    assert [entry["l"] for entry in model.ep_info_buffer] == [4] * 12
    assert len(model.ep_success_buffer) == 12


def test_hindsight_replay_computes_rewards_through_it(adapted):
    envs = adapted(GOAL, reward="sparse")
    achieved, desired = np.zeros((5, 3)), np.zeros((5, 3))
    desired[2:] = 1.0
    (rewards,) = envs.env_method("compute_reward", achieved, desired, [{}] * 5, indices=[0])
    np.testing.assert_array_equal(rewards, [0.0, 0.0, -1.0, -1.0, -1.0])
    model = SAC("MultiInputPolicy", envs, replay_buffer_class=HerReplayBuffer, learning_starts=16, batch_size=8, seed=0)
    model.learn(24)
    assert model.num_timesteps == 24


def test_what_it_cannot_do_is_said(adapted):
    other = gym.make_vec(REACH, 1, vectorization_mode="vector_entry_point")
    with pytest.raises(ConfigurationError, match='autoreset_mode must be "Disabled", not "NextStep"'):
        StableVectorEnv(other)
    other.close()
    envs = adapted()
    envs.set_options([{"seed": 1}, {"seed": 2}])
    with pytest.raises(ConfigurationError, match="reset with the same options"):
        envs.reset()


def test_episodes_of_a_training_are_numbered_across_environments():
    envs = training_environments(REACH, SETTINGS, 3, 2)
    envs.seed(7)  # as Stable-Baselines3 does
    envs.reset()
    single = gym.make(REACH, disable_env_checker=True, **SETTINGS)

    def episode(number):
        return single.reset(seed=episode_seed("train", 3, number))[1]["seed"]

    def begun():
        return [env.episode.seed for env in envs.envs.envs]

    assert begun() == [episode(0), episode(1)] and envs.get_attr("next_episode") == [2, 3]
    for _ in range(4):
        envs.step(np.zeros((2, 6), np.float32))
    assert begun() == [episode(2), episode(3)]
    envs.env_method("continue_from", 8, indices=1)
    envs.env_method("set_difficulty", 0.25)
    envs.reset()
    assert envs.get_attr("next_episode") == [6, 10]
    assert begun() == [episode(4), episode(8)]
    assert envs.get_attr("difficulty") == [0.25, 0.25]
    envs.close()
    single.close()
