"""Time grids, predicted motions and their continuation."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.mpc.plan import Plan, rollout, time_grid

LIMITER = JointLimiter(np.full(2, -0.6), np.full(2, 0.6), np.full(2, 3.0), np.array([4.0, 6.0]))


def plan_of(accelerations: np.ndarray, times: np.ndarray) -> Plan:
    states = rollout(np.zeros(2), np.array([0.1, -0.2]), accelerations, np.diff(times))
    return Plan(times, states[:, :2], states[:, 2:], accelerations)


def test_the_first_step_is_the_period_and_the_others_share_the_rest():
    times = time_grid(2.0, 0.03, 0.83, 9)
    np.testing.assert_allclose(np.diff(times), [0.03, *[0.1] * 8])
    assert times[0] == 2.0
    assert times[-1] == pytest.approx(2.83)


def test_a_slow_loop_looks_further_ahead():
    np.testing.assert_allclose(np.diff(time_grid(0.0, 0.2, 0.8, 10)), 0.2)


def test_a_rollout_is_the_motion_of_an_arm_that_holds_each_velocity():
    q, v = np.array([0.1, 0.2]), np.array([0.5, 0.0])
    accelerations, steps = np.array([[1.0, 2.0], [-1.0, 0.0]]), np.array([0.1, 0.2])
    states = rollout(q, v, accelerations, steps)
    for k in range(2):
        v = v + accelerations[k] * steps[k]
        q = q + v * steps[k]
        np.testing.assert_allclose(states[k + 1], [*q, *v])


def test_a_plan_is_continued_where_it_is_now(rng):
    """On an even grid the continuation by one step is the rest of the plan, then constant velocity."""
    times = time_grid(0.0, 0.1, 0.8, 8)
    plan = plan_of(rng.uniform(-0.5, 0.5, (8, 2)), times)
    continued = plan.continued(times + 0.1, plan.positions[1], plan.velocities[1], LIMITER)
    np.testing.assert_allclose(continued[:-1], plan.accelerations[1:], atol=1e-12)
    np.testing.assert_allclose(continued[-1], 0.0, atol=1e-12)


def test_a_continuation_from_another_velocity_returns_to_the_plan(rng):
    times = time_grid(0.0, 0.1, 0.8, 8)
    plan = plan_of(rng.uniform(-0.5, 0.5, (8, 2)), times)
    v = plan.velocities[1] + np.array([0.5, -0.5])
    continued = plan.continued(times + 0.1, plan.positions[1], v, LIMITER)
    velocities = v + np.cumsum(continued * 0.1, axis=0)
    np.testing.assert_allclose(velocities[3:-1], plan.velocities[5:], atol=1e-9)


def test_a_continuation_obeys_the_limits_whatever_the_plan_does(rng):
    times = time_grid(0.0, 0.1, 0.8, 8)
    plan = plan_of(rng.uniform(-20.0, 20.0, (8, 2)), times)
    q, v = np.array([0.5, 0.0]), np.array([0.3, 0.0])
    continued = plan.continued(times + 0.1, q, v, LIMITER)
    states = rollout(q, v, continued, np.diff(times))
    assert (np.abs(continued) <= LIMITER.acceleration + 1e-9).all()
    assert (np.abs(states[:, :2]) <= 0.6 + 1e-9).all()
    assert (np.abs(states[:, 2:]) <= LIMITER.velocity + 1e-9).all()


def test_the_command_is_the_first_velocity():
    plan = plan_of(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.0, 0.1, 0.2]))
    np.testing.assert_allclose(plan.command, [0.2, -0.2])
