"""Reaching: position alone counts, errors by the estimate are observed, difficulty scales the way."""

import gymnasium as gym
import numpy as np
import pytest

from ctr_env.envs.reach import ReachObjective


@pytest.mark.parametrize("name", ["PandaReach", "BaxterReach"])
def test_steps_along_the_apparent_error_reach_the_goal(make, name):
    env = make(name)
    for seed in range(3):
        obs, info = env.reset(seed=seed)
        assert set(obs) >= {"goal", "estimate_pose", "apparent_error"} and "goal_error" not in obs
        for _ in range(120):
            action = (obs["apparent_error"] * ([10.0] * 3 + [2.5] * 3)).clip(-1.0, 1.0)
            obs, reward, terminated, truncated, info = env.step(action)
            assert reward == pytest.approx(-info["true_position_error_m"])
            assert info["is_success"] == (info["true_position_error_m"] < 0.01)
        assert (terminated, truncated) == (False, True)
        assert info["is_success"]


def test_the_apparent_error_is_the_true_one_of_a_perfect_estimate(make):
    env = make("PandaReach", obs_mode="state+apparent")
    obs, _ = env.reset(seed=4)
    np.testing.assert_allclose(obs["apparent_error"], obs["goal_error"], atol=1e-6)
    obs, *_ = env.step(env.action_space.sample())
    np.testing.assert_allclose(obs["apparent_error"], obs["goal_error"], atol=1e-6)


def test_the_apparent_error_is_that_of_the_estimate(make):
    """A pose that is off by a known translation in the base frame moves the goal by as much."""
    env = make("PandaReach", obs_mode="state+apparent", estimator="noisy", estimator_config={"white_position_m": 0.02})
    obs, _info = env.reset(seed=5)
    estimated = env.unwrapped.snapshot.estimate.camera_T_base
    goal = env.unwrapped.snapshot.camera_T_goal
    expected = (estimated.inv() * goal).translation - env.unwrapped.snapshot.base_T_ee.translation
    np.testing.assert_allclose(obs["apparent_error"][:3], expected, atol=1e-5)
    assert np.linalg.norm(obs["apparent_error"][:3] - obs["goal_error"][:3]) > 1e-3


def test_difficulty_scales_the_way_to_the_goal(make):
    env = make("PandaReach", randomization="mild")
    offsets = {}
    for difficulty in (1.0, 0.25):
        env.unwrapped.difficulty = difficulty
        _, info = env.reset(seed=11)
        offsets[difficulty] = np.linalg.norm(env.unwrapped.snapshot.base_T_goal.translation
                                             - env.unwrapped.snapshot.base_T_ee.translation)  # fmt: skip
        _again, replayed = env.reset(options={"draws": info["draws"], "seed": info["seed"]})
        np.testing.assert_array_equal(replayed["draws"]["task.goal"], info["draws"]["task.goal"])
    assert 0.0 < offsets[0.25] < 0.6 * offsets[1.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reward": "shaped"}, "'shaped'; valid names: dense, sparse"),
        ({"tolerance_m": 0.0}, r"tolerance_m must lie in \(0, 1\] metres, not 0.0"),
        ({"difficulty": 1.5}, r"difficulty must lie in \(0, 1\], not 1.5"),
        ({"task": "grasp"}, "'grasp'"),
    ],
)
def test_mistakes_are_named(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make("PandaReach", **settings)


def test_sparse_rewards_count_the_steps_outside_the_tolerance():
    sparse, dense = ReachObjective("sparse", 0.01), ReachObjective("dense", 0.01)
    assert [sparse.reward(error, 3.0) for error in (0.02, 0.01, 0.0099)] == [-1.0, -1.0, 0.0]
    assert dense.reward(0.02, 3.0) == -0.02
    assert [dense.success(0.0, error, 3.0) for error in (0.02, 0.005)] == [False, True]


def test_progress_ranks_policies_as_the_dense_reward_does(make):
    """The discounted sum of decreases is the first error minus (1 - gamma) times the discounted sum of later errors."""
    env = make("PandaReach", reward="progress")
    gamma = 0.9
    for seed in (1, 2):  # the second episode does not remember the first
        _, info = env.reset(seed=seed)
        first, rewards, errors = info["true_position_error_m"], [], []
        for _ in range(30):
            *_, reward, _terminated, _truncated, info = env.step(env.action_space.sample())
            rewards.append(reward)
            errors.append(info["true_position_error_m"])
        assert sum(rewards) == pytest.approx(first - errors[-1])
        discounts = gamma ** np.arange(30)
        expected = first - (1.0 - gamma) * discounts @ errors - gamma**30 * errors[-1]
        assert discounts @ rewards == pytest.approx(expected)


def test_a_followed_goal_and_its_camera_move(make):
    env = make("PandaFollow")
    _, first = env.reset(seed=0)
    goal = env.unwrapped.snapshot.base_T_goal.translation
    for _ in range(30):
        *_, info = env.step(np.zeros(6, np.float32))
    assert np.linalg.norm(env.unwrapped.snapshot.base_T_goal.translation - goal) > 1e-3
    assert np.abs(info["camera_T_base"] - first["camera_T_base"]).max() > 1e-3


def test_arguments_survive_the_specification():
    env = gym.make("ctr_env/BaxterReach-v0", reward="sparse", tolerance_m=0.02, difficulty=0.5)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert (again.unwrapped.reward_kind, again.unwrapped.tolerance_m, again.unwrapped.difficulty) == (
        "sparse",
        0.02,
        0.5,
    )
    env.close()
    again.close()
