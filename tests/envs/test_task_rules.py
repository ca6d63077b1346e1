"""Rules for tasks: what they measure, and that they are off by default."""

import numpy as np
import pytest

from ctr_env.envs.task_rules import TaskRules, smallest_singular_value, stop_distance
from ctr_env.scenes.randomization.apply import sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization


def draws(scene, **rules):
    return make_randomization(rules or "strong").draw(3, sizes_of(scene))


def test_the_distance_to_a_stop_is_that_of_the_nearest_joint(scene):
    k = scene.kinematics
    q = 0.5 * (k.lower + k.upper)
    q[4] = k.upper[4] - 0.03
    assert stop_distance(k, q) == pytest.approx(0.03)


def test_a_singular_value_bounds_the_slowest_motion(scene):
    """No joint motion of unit length moves the gripper less than the smallest singular value."""
    k = scene.kinematics
    q = k.home + 0.1
    weighted = k.jacobian(q) * np.repeat([1.0, 0.3], 3)[:, None]
    slowest = smallest_singular_value(k, q)
    twists = np.random.default_rng(0).normal(size=(500, 6))
    needed = np.linalg.norm(twists @ np.linalg.pinv(weighted).T, axis=1) / np.linalg.norm(twists, axis=1)
    assert needed.max() <= 1.0 / slowest + 1e-9
    assert needed.max() > 0.5 / slowest


def test_a_stretched_arm_is_singular(scene):
    k = scene.kinematics
    stretched = np.clip(np.zeros(k.n), k.lower, k.upper)
    assert smallest_singular_value(k, stretched) < 0.3 * smallest_singular_value(k, k.home)


def test_the_presets_have_no_rules(scene):
    rules, q = TaskRules(scene, draws(scene)), scene.kinematics.home
    assert not rules.rotates
    assert not rules.selective
    assert rules.goal(q, np.full(7, 0.1)) is None
    np.testing.assert_array_equal(rules.start(q), q)
    assert rules.accepts(q)


def test_a_goal_near_a_stop_moves_the_joint_that_is_first_there(scene):
    k = scene.kinematics
    rules = TaskRules(scene, draws(scene, **{"task.max_stop_distance": 0.12}))
    assert rules.selective
    offset = np.zeros(7)
    offset[5] = 0.1
    expected = k.home.copy()
    expected[5] = k.upper[5] - 0.05
    found = rules.goal(k.home, offset)
    np.testing.assert_allclose(found.as_matrix(), k.base_T_ee(expected).as_matrix(), atol=1e-9)
    assert rules.accepts(expected)
    assert not rules.accepts(k.home)
