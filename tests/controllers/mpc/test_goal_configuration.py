"""Joint configurations of goals: within the stops, near home, continuous for goals that move."""

from __future__ import annotations

import numpy as np

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.mpc.config import MPCConfig
from ctr_env.controllers.mpc.goal_configuration import GoalConfiguration
from ctr_env.geometry import moved, pose_error, transform

DT = 1.0 / 30.0


def configuration_of(kinematics) -> GoalConfiguration:
    config = MPCConfig()
    return GoalConfiguration(kinematics, JointLimiter.of(kinematics, config.stop_margin), config)


def test_it_has_the_pose_of_the_goal_whatever_the_arm_does_now(kinematics, rng):
    for _ in range(10):
        goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.5, 0.5, kinematics.n))
        q = configuration_of(kinematics).update(goal, kinematics.home + rng.uniform(-0.2, 0.2, kinematics.n), DT)
        assert max(pose_error(kinematics.base_T_ee(q), goal)) < 5e-3
        assert (q >= kinematics.lower).all()
        assert (q <= kinematics.upper).all()


def test_it_follows_a_goal_without_jumps(panda):
    configuration, twist = configuration_of(panda), np.array([0.1, -0.1, 0.05, 0.2, 0.0, 0.3])
    begin = panda.base_T_ee(panda.home)
    last = configuration.update(begin, panda.home, DT)
    for k in range(45):
        goal = moved(begin, twist, k / 30.0)
        q = configuration.update(goal, panda.home, DT)
        assert np.abs(q - last).max() < 0.05
        last = q
    assert max(pose_error(panda.base_T_ee(last), goal)) < 5e-3


def test_a_goal_far_from_the_last_one_is_searched_for_from_the_present_configuration(panda, rng):
    used = configuration_of(panda)
    used.update(panda.base_T_ee(panda.home), panda.home, DT)
    goal, q = panda.base_T_ee(panda.home + 0.4), panda.home + rng.uniform(-0.2, 0.2, panda.n)
    expected = configuration_of(panda).update(goal, q, DT)
    np.testing.assert_array_equal(used.update(goal, q, DT), expected)
    used.reset()
    np.testing.assert_array_equal(used.update(goal, q, DT), expected)


def test_out_of_reach_it_is_finite_and_within_the_stops(panda):
    q = configuration_of(panda).update(transform([2.0, 0.0, 0.5]), panda.home, DT)
    assert (q >= panda.lower).all()
    assert (q <= panda.upper).all()
