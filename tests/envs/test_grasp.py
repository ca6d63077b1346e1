"""Grasping: a script picks the block up, rewards rise with it, and random actions break nothing."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "pick_block.py"


@pytest.fixture(scope="module")
def pick():
    spec = importlib.util.spec_from_file_location("pick_block", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Pick


@pytest.mark.parametrize("seed", range(3))
def test_a_script_picks_the_block_up(make, pick, seed):
    env = make("PandaGrasp")
    obs, info = env.reset(seed=seed)
    assert info["block_lift_m"] == pytest.approx(0.0, abs=1e-3) and not info["grasped"]
    assert obs["gripper_opening"] == pytest.approx(0.08, abs=1e-3)
    script, rewards = pick(), []
    while not info["is_success"]:
        obs, reward, terminated, truncated, info = env.step(script.action(obs))
        assert not (terminated or truncated), "not picked in time"
        rewards.append(reward)
    assert info["grasped"] and info["block_lift_m"] >= 0.1
    assert obs["gripper_opening"] == pytest.approx(0.04, abs=2e-3)
    assert rewards[-1] > 0.4 and rewards[0] < 0.0


def test_progress_sums_up_to_the_change_of_the_dense_reward(make, pick):
    rewards = {"dense": [], "progress": []}
    for kind, found in rewards.items():
        env, script = make("PandaGrasp", reward=kind), pick()
        obs, info = env.reset(seed=1)
        first = -info["true_position_error_m"]
        while not info["is_success"]:
            obs, reward, *_, info = env.step(script.action(obs))
            found.append(reward)
    assert np.sum(rewards["progress"]) == pytest.approx(rewards["dense"][-1] - first)
    np.testing.assert_allclose(rewards["progress"][1:], np.diff(rewards["dense"]), atol=1e-12)


def test_the_goal_is_the_block_and_moves_with_it(make, pick):
    env = make("PandaGrasp")
    obs, _ = env.reset(seed=5)
    scene, script = env.unwrapped.scene, pick()
    for _ in range(140):
        np.testing.assert_allclose(env.unwrapped.snapshot.base_T_goal.translation, scene.base_T_block[:3, 3])
        obs, *_ = env.step(script.action(obs))
    gripper_z = env.unwrapped.snapshot.base_T_goal.rotation.apply([0.0, 0.0, 1.0])
    assert gripper_z[2] < -0.95  # from above


def test_episodes_repeat(make):
    env, found = make("PandaGrasp", randomization="mild", reward="sparse"), []
    _, info = env.reset(seed=7)
    for options in (None, {"draws": info["draws"], "seed": info["seed"]}):
        obs, _ = env.reset(seed=7, options=options)
        for i in range(20):
            obs, reward, *_ = env.step(np.full(7, 0.3 * (-1) ** (i // 7), np.float32))
        assert reward == -1.0
        found.append(obs)
    for key in found[0]:
        np.testing.assert_array_equal(found[0][key], found[1][key])


def test_random_actions_break_nothing(make, random_steps):
    random_steps(make("PandaGrasp", max_episode_steps=10**6), 400)


@pytest.mark.slow
def test_ten_thousand_random_actions_break_nothing(make, random_steps):
    random_steps(make("FR3Grasp", max_episode_steps=10**6), 10_000)


def test_mistakes_are_named(make):
    with pytest.raises(ValueError, match="a grasp needs a robot with gripper_joints and a table, which 'baxter'"):
        make("PandaGrasp", robot="baxter")
    with pytest.raises(ValueError, match="progress"):
        make("PandaGrasp", reward="lift")
    env = make("PandaGrasp")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"an action is \(7,\) finite numbers"):
        env.unwrapped.step(np.zeros(6))
