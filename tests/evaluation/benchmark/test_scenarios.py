"""Scenarios: each has the property that its name promises, measured on sampled episodes of both robots."""

import gymnasium as gym
import numpy as np
import pytest

from ctr_env.envs.spec import environment_spec
from ctr_env.envs.task_rules import smallest_singular_value, stop_distance
from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS
from ctr_env.evaluation.servo.trace import run_episode

SEEDS = range(3)
ROBOTS = ("panda", "baxter")


@pytest.fixture
def make():
    opened = []

    def make(scenario, robot="panda", steps=None, **parameters):
        spec = environment_of({"robot": robot, "scenario": scenario, "randomization": "mild", **parameters})
        name = environment_spec(spec.robot, spec.task)
        opened.append(gym.make(name, max_episode_steps=steps, disable_env_checker=True, **spec.env_config))
        return opened[-1]

    yield make
    for env in opened:
        env.close()


def episodes(env, seeds=SEEDS):
    for seed in seeds:
        _, info = env.reset(seed=seed)
        yield env.unwrapped.snapshot, info


def test_nothing_moves_in_static(make):
    env = make("static", steps=20)
    trace = run_episode(env, 0)
    assert np.ptp(trace["goal_camera_m"], axis=0).max() == 0.0


@pytest.mark.parametrize("robot", ROBOTS)
def test_the_goal_moves_in_the_world(make, robot):
    env = make("moving_goal", robot, steps=60)
    env.reset(seed=0)
    before = env.unwrapped.snapshot
    for _ in range(60):
        env.step(np.zeros(env.action_space.shape, np.float32))
    after = env.unwrapped.snapshot
    assert np.linalg.norm(after.base_T_goal.translation - before.base_T_goal.translation) > 0.01
    np.testing.assert_array_equal(after.camera_T_base.as_matrix(), before.camera_T_base.as_matrix())


@pytest.mark.parametrize("robot", ROBOTS)
def test_the_camera_moves_and_the_goal_stays(make, robot):
    env = make("moving_camera", robot, steps=60)
    env.reset(seed=0)
    before = env.unwrapped.snapshot
    for _ in range(60):
        env.step(np.zeros(env.action_space.shape, np.float32))
    after = env.unwrapped.snapshot
    assert np.linalg.norm(after.camera_T_base.translation - before.camera_T_base.translation) > 0.01
    np.testing.assert_array_equal(after.base_T_goal.as_matrix(), before.base_T_goal.as_matrix())


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("scenario, degrees", [("rotation_90", 90.0), ("rotation_180", 177.0), ("retreat", 177.0)])
def test_the_goal_is_rotated_about_the_optical_axis(make, robot, scenario, degrees):
    for now, _ in episodes(make(scenario, robot)):
        start = now.camera_T_base * now.base_T_ee
        turn = (now.camera_T_goal.rotation * start.rotation.inv()).as_rotvec()
        np.testing.assert_allclose(np.abs(turn), np.radians([0.0, 0.0, degrees]), atol=1e-6)
        moved = np.linalg.norm(now.camera_T_goal.translation - start.translation)
        assert moved < (1e-9 if scenario == "retreat" else 0.087)


@pytest.mark.parametrize("robot", ROBOTS)
def test_both_senses_of_rotation_occur(make, robot):
    signs = set()
    for now, _ in episodes(make("rotation_90", robot), range(6)):
        start = now.camera_T_base * now.base_T_ee
        signs.add(np.sign((now.camera_T_goal.rotation * start.rotation.inv()).as_rotvec()[2]))
    assert signs == {-1.0, 1.0}


@pytest.mark.parametrize("robot", ROBOTS)
def test_in_retreat_the_gripper_is_near_the_optical_axis(make, robot):
    for now, _ in episodes(make("retreat", robot)):
        x, y, z = (now.camera_T_base * now.base_T_ee).translation
        assert np.hypot(x, y) / z < 0.12  # 7 degrees: the axis passes through the mean of gripper and its arrival


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize(
    "scenario, measure, bound",
    [("near_joint_limits", stop_distance, 0.12), ("near_singularity", smallest_singular_value, 0.035)],
)
def test_a_servo_arrives_near_limits_and_singularities(make, robot, scenario, measure, bound):
    """On ground truth, with the packaged controller; ordinary tasks arrive far from both."""
    found, ordinary = (
        np.median([measure(env.unwrapped.kinematics, _arrival(env, seed)) for seed in SEEDS])
        for env in (make(scenario, robot, steps=150), make("static", robot, steps=150))
    )
    assert found < 1.3 * bound
    assert ordinary > 2.0 * bound


def _arrival(env, seed):
    return run_episode(env, seed)["joint_positions"][-1]


@pytest.mark.parametrize("robot", ROBOTS)
def test_the_arm_is_partly_out_of_view_and_the_goal_is_not(make, robot):
    for now, info in episodes(make("partly_out_of_view", robot)):
        assert 0.2 <= info["arm_in_view"] <= 0.6
        assert now.camera.contains(now.camera.project(now.camera_T_goal.translation))


SMALL = {"width": 160, "height": 120, "obs_mode": "image"}


def images(env, seeds=SEEDS):
    return np.array([env.reset(seed=seed)[0]["image"] for seed in seeds], dtype=float)


def test_occluders_hide_a_part_of_the_robot(make):
    hidden = []
    free, occluded = make("static", **SMALL), make("occluded", **SMALL)
    for seed in range(6):
        masks = []
        for env in (free, occluded):
            env.reset(seed=seed)
            masks.append(env.unwrapped.robot_mask())
        hidden.append(1.0 - masks[1].sum() / masks[0].sum())
    assert np.mean(hidden) > 0.1
    assert max(hidden) < 0.9


def test_low_light_is_a_fraction_of_the_light_and_noisy(make):
    bright, dark = images(make("static", **SMALL)), images(make("low_light", **SMALL))
    assert dark.mean() < 0.35 * bright.mean()
    flat = dark[:, 5:25, 5:25]  # a wall
    assert (flat - np.roll(flat, 1, axis=2)).std() > 4.0


def test_the_laboratory_has_more_edges_than_the_plain_room(make):
    def edges(image):
        return np.abs(np.diff(image, axis=2)).mean()

    plain, lab = images(make("static", **SMALL)), images(make("lab_clutter", **SMALL))
    assert edges(lab) > 1.15 * edges(plain)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_systems_are_paired(make, scenario):
    """With the same seed all estimators and controllers get the same start, goal, camera and looks.

    Also the fiducial one, whose board changes the scene, and images of other sizes.
    """
    systems = (
        {"estimator": "noisy"},
        {"estimator": "charuco"},
        {
            "estimator": "perturbed",
            "estimator_config": {"source": "noisy", "dropout": 0.5},
            "width": 320,
            "height": 240,
        },
        {"controller": "pbvs", "controller_config": {"gain_at_zero": 3.0}, "width": 64, "height": 48},
    )
    envs = [make(scenario, **system) for system in systems]
    for seed in (0, 1):
        found = []
        for env in envs:
            _, info = env.reset(seed=seed)
            now = env.unwrapped.snapshot
            poses = [now.base_T_ee, now.base_T_goal, now.camera_T_base]
            fov = now.camera.fov
            found.append((np.stack([pose.as_matrix() for pose in poses]), fov, info["draws"]))
        for matrices, fov, draws in found[1:]:
            np.testing.assert_allclose(matrices, found[0][0], atol=1e-12)
            np.testing.assert_allclose(fov, found[0][1], atol=1e-12)
            for name, value in draws.items():
                np.testing.assert_array_equal(value, found[0][2][name], err_msg=name)


def test_scenarios_keep_the_tasks_of_the_presets():
    """What is visual only changes neither start nor goal nor camera, so that its cost is that of the images."""
    for name, scenario in SCENARIOS.items():
        groups = {key.split(".")[1] for key in scenario.parameters if key.startswith("randomization.")}
        assert scenario.visual == bool(groups and not groups & {"task", "camera"}), name
