"""Pushing: a script brings the block to its goal, rewards are of the geometry, and contacts are physical."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.geometry import transform, vector_to_pose
from ctr_env.scenes.world.block import BLOCK, BLOCK_HALF_M

EXAMPLE = Path(__file__).parents[2] / "examples" / "push_block.py"
STILL = np.zeros(6, np.float32)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("push_block", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Push


def deepest(scene):
    """Largest penetration of the block, metres."""
    mine = (scene.data.contact.geom == scene.model.geom(BLOCK).id).any(axis=1)
    return float(-scene.data.contact.dist[mine].min(initial=0.0))


def block_of(env):
    return env.unwrapped.scene.base_T_block[:3, 3].copy()


def put_at_goal(env, offset=0.0):
    goal = env.unwrapped.snapshot.base_T_goal
    env.unwrapped.scene.place_block(transform(goal.translation + np.array([offset, 0.0, 0.0]), goal.rotation))


@pytest.mark.parametrize("seed", range(3))
def test_a_script_pushes_the_block_to_its_goal(make, script, seed):
    env = make("PandaPush", reward="progress")
    obs, info = env.reset(seed=seed)
    scene, push, rewards = env.unwrapped.scene, script(), []
    first = info["block_error_m"] + 0.1 * info["block_distance_m"]
    while not info["is_success"]:
        obs, reward, terminated, truncated, info = env.step(push.action(obs))
        assert not (terminated or truncated), "not pushed in time"
        assert deepest(scene) < 1e-3
        assert scene.base_T_block[2, 2] < -np.cos(np.radians(3.0))  # flat on the table
        rewards.append(reward)
    assert info["block_error_m"] < 0.02
    assert sum(rewards) == pytest.approx(first - info["block_error_m"] - 0.1 * info["block_distance_m"])
    for _ in range(15):
        env.step(STILL)
    lying = block_of(env)
    for _ in range(15):
        env.step(STILL)
    np.testing.assert_allclose(block_of(env), lying, atol=1e-4)  # it stops with the gripper


def test_a_block_that_nothing_touches_lies_still(make):
    env = make("PandaPush")
    env.reset(seed=1)
    before = env.unwrapped.scene.base_T_block
    for _ in range(60):
        env.step(STILL)
    np.testing.assert_allclose(env.unwrapped.scene.base_T_block, before, atol=1e-5)


@pytest.mark.parametrize("reward", ["dense", "sparse"])
def test_rewards_are_of_the_geometry(make, reward):
    env = make("PandaPush", reward=reward, tolerance_m=0.03)
    env.reset(seed=2)
    for offset in (None, 0.05, 0.01, 0.0):
        if offset is not None:
            put_at_goal(env, offset)
        _, given, *_, info = env.step(env.action_space.sample())
        scene, block = env.unwrapped.scene, block_of(env)
        error = np.linalg.norm(block - env.unwrapped.snapshot.base_T_goal_matrix[:3, 3])
        distance = np.linalg.norm(block - scene.base_T_ee_matrix[:3, 3])
        assert info["block_error_m"] == pytest.approx(error) and info["block_distance_m"] == pytest.approx(distance)
        assert given == pytest.approx(-(error + 0.1 * distance) if reward == "dense" else -float(error >= 0.03))
        assert offset is None or error == pytest.approx(offset, abs=1e-3)


def test_a_success_is_a_block_that_stays_at_its_goal(make):
    env = make("PandaPush")
    env.reset(seed=0)
    put_at_goal(env, 0.015)
    found = [env.step(STILL)[4]["is_success"] for _ in range(20)]
    assert found == [False] * 15 + [True] * 5
    put_at_goal(env, 0.03)
    assert not env.step(STILL)[4]["is_success"]


def test_the_block_is_observed_as_the_goal_is(make):
    env = make("PandaPush", obs_mode="state+apparent+privileged", estimator="noisy")
    obs, _ = env.reset(seed=4)
    now, scene = env.unwrapped.snapshot, env.unwrapped.scene
    block, gripper = scene.base_T_block, scene.base_T_ee_matrix
    np.testing.assert_allclose(
        vector_to_pose(obs["block"]).as_matrix(), now.camera_T_base_matrix @ block, atol=1e-5
    )  # in the camera frame
    np.testing.assert_allclose(obs["block_offset"][:3], block[:3, 3] - gripper[:3, 3], atol=1e-6)
    rotation = Rotation.from_matrix(block[:3, :3]) * Rotation.from_matrix(gripper[:3, :3]).inv()
    np.testing.assert_allclose(obs["block_offset"][3:], rotation.as_rotvec(), atol=1e-5)
    believed = now.estimate.camera_T_base.inv().apply(vector_to_pose(obs["block"]).translation)
    np.testing.assert_allclose(obs["apparent_block_offset"][:3], believed - gripper[:3, 3], atol=1e-5)
    np.testing.assert_array_equal(obs["privileged"][21:], obs["block_offset"])
    np.testing.assert_array_equal(obs["privileged"][9:15], obs["goal_error"])


def test_a_late_estimate_is_of_the_block_that_its_image_showed(make):
    late = {"source": "ground_truth", "delay_s": 0.1}
    env = make("PandaPush", obs_mode="state+apparent", estimator="perturbed", estimator_config=late)
    env.reset(seed=4)
    for _ in range(6):
        obs, *_ = env.step(STILL)
    before = obs["block_offset"]
    put_at_goal(env)
    found = [env.step(STILL)[0] for _ in range(5)]
    np.testing.assert_allclose(found[0]["apparent_block_offset"][:3], before[:3], atol=1e-3)
    np.testing.assert_allclose(found[-1]["apparent_block_offset"][:3], found[-1]["block_offset"][:3], atol=1e-3)


def test_difficulty_scales_the_way_of_the_block(make):
    env, ways = make("PandaPush"), {}
    for difficulty in (1.0, 0.25):
        env.unwrapped.difficulty = difficulty
        _, info = env.reset(seed=5)
        assert info["draws"]["task.push_distance"] == pytest.approx(info["block_error_m"], abs=1e-4)
        ways[difficulty] = env.unwrapped.snapshot.base_T_goal.translation - block_of(env)
    np.testing.assert_allclose(ways[0.25], 0.25 * ways[1.0], atol=1e-4)


def test_block_and_goal_are_in_view_and_on_the_table(make):
    env = make("PandaPush", randomization="mild")
    for seed in range(8):
        obs, _ = env.reset(seed=seed)
        camera = env.unwrapped.snapshot.camera
        for name in ("block", "goal"):
            share = camera.project(vector_to_pose(obs[name]).translation) / (camera.width, camera.height)
            assert (share > 0.03).all() and (share < 0.97).all()
        heights = block_of(env)[2], env.unwrapped.snapshot.base_T_goal.translation[2]
        np.testing.assert_allclose(heights, BLOCK_HALF_M, atol=1e-4)


def test_episodes_repeat(make):
    env, found = make("PandaPush", randomization="mild"), []
    _, info = env.reset(seed=7)
    block = block_of(env)
    for options in (None, {"draws": info["draws"], "seed": info["seed"]}):
        obs, _ = env.reset(seed=7, options=options)
        for i in range(20):
            obs, *_ = env.step(np.full(6, 0.3 * (-1) ** (i // 7), np.float32))
        found.append(obs)
    for key in found[0]:
        np.testing.assert_array_equal(found[0][key], found[1][key])
    env.reset(seed=8, options={"draws": info["draws"]})
    np.testing.assert_allclose(block_of(env), block)


def test_other_tasks_draw_no_pushes(make):
    pushing = {"task.push_distance", "task.push_direction"}
    for name in ("PandaPush", "PandaGrasp"):
        _, info = make(name).reset(seed=0)
        assert pushing & set(info["draws"]) == (pushing if name == "PandaPush" else set())


def test_random_actions_break_nothing(make, random_steps):
    random_steps(make("PandaPush", max_episode_steps=10**6), 300)


@pytest.mark.slow
def test_two_thousand_random_actions_break_nothing(make, random_steps):
    random_steps(make("FR3Push", max_episode_steps=10**6), 2000)


def test_mistakes_are_named(make):
    with pytest.raises(ValueError, match="a push needs a robot with gripper_joints and a table, which 'baxter'"):
        make("PandaPush", robot="baxter")
    with pytest.raises(ValueError, match="the goal of a push is on the table; leave task.optical_rotation at the nom"):
        make("PandaPush", randomization={"task.optical_rotation": 1.0})
    with pytest.raises(ValueError, match=r"tolerance_m must lie in \(0, 1\] metres, not 0"):
        make("PandaPush", tolerance_m=0)
