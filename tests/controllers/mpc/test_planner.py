"""Plans: within all limits, repeatable, continued from one command to the next."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pinocchio as pin
import pytest

from ctr_env.controllers import JointLimiter, NoMotionError
from ctr_env.controllers.mpc.confidence import ErrorWeights
from ctr_env.controllers.mpc.config import MPCConfig
from ctr_env.controllers.mpc.plan import Plan
from ctr_env.controllers.mpc.planner import Planner
from ctr_env.controllers.mpc.problem import Task
from ctr_env.scenes.robots.kinematics import RobotKinematics

DT = 1.0 / 30.0


def planner_of(kinematics: RobotKinematics, **config) -> Planner:
    settings = MPCConfig(**config)
    return Planner(kinematics, settings, JointLimiter.of(kinematics, settings.stop_margin))


def task_to(kinematics: RobotKinematics, q: np.ndarray) -> Task:
    return Task(
        base_T_goal=kinematics.base_T_ee(q),
        goal_twist=np.zeros(6),
        gain=6.0,
        weights=ErrorWeights(np.eye(3), np.eye(3)),
        goal_positions=q,
        goal_velocities=np.zeros(kinematics.n),
    )


def follow(planner: Planner, kinematics: RobotKinematics, goal: np.ndarray, steps: int) -> list[Plan]:
    """Plans of successive commands of an arm that does as it is told."""
    q, v, plans = kinematics.home, np.zeros(kinematics.n), []
    for k in range(steps):
        plans.append(planner.solve(q, v, k * DT, DT, task_to(kinematics, goal)))
        v = plans[-1].command
        q = q + v * DT
    return plans


def torques(planner: Planner, plan: Plan) -> np.ndarray:
    """``(N, n)`` torques of a plan, without gravity."""
    model = planner.problem.model
    data = model.createData()
    rows = zip(plan.positions[:-1], plan.velocities[:-1], plan.accelerations, strict=True)
    return np.array([pin.rnea(model, data, *row) for row in rows])


@pytest.mark.parametrize(("torque_share", "reach"), [(0.95, 0.8), (0.06, 0.4)])
def test_all_predicted_and_executed_motion_is_within_the_limits(kinematics, rng, torque_share, reach):
    """Far goals at full speed, up to joint stops; then with a fraction of the torques."""
    planner, n = planner_of(kinematics, torque_share=torque_share, max_linear_speed=2.0), kinematics.n
    goal = kinematics.home + rng.choice([-reach, reach], n)
    goal = np.clip(goal, kinematics.lower + 0.02, kinematics.upper - 0.02)
    largest = 0.0
    for plan in follow(planner, kinematics, goal, 40):
        assert (plan.positions >= kinematics.lower).all()
        assert (plan.positions <= kinematics.upper).all()
        assert (np.abs(plan.velocities) <= kinematics.velocity_limits).all()
        assert (np.abs(plan.accelerations) <= kinematics.acceleration_limits + 1e-9).all()
        share = np.abs(torques(planner, plan)) / kinematics.effort_limits
        assert share.max() <= 1.05 * torque_share
        largest = max(largest, float(share.max()))
    if torque_share < 0.1:
        assert largest > 0.8 * torque_share  # the limit was active


def test_a_plan_gives_the_motion_of_its_accelerations(panda):
    plan = follow(planner_of(panda), panda, panda.home + 0.3, 1)[0]
    steps = np.diff(plan.times_s)[:, None]
    np.testing.assert_allclose(np.diff(plan.velocities, axis=0), plan.accelerations * steps, atol=1e-9)
    np.testing.assert_allclose(np.diff(plan.positions, axis=0), plan.velocities[1:] * steps, atol=1e-9)


def test_plans_start_from_the_last_one(panda):
    """With one iteration a command, plans are as good as converged ones after a few commands."""
    goal = panda.home + 0.3
    quick = follow(planner_of(panda, iterations=1), panda, goal, 12)
    q, v = quick[-1].positions[0], quick[-1].velocities[0]
    best = planner_of(panda, first_iterations=100).solve(q, v, 0.0, DT, task_to(panda, goal))
    assert quick[-1].cost == pytest.approx(best.cost, rel=0.01)
    cold = planner_of(panda, first_iterations=1).solve(q, v, 0.0, DT, task_to(panda, goal))
    assert cold.cost > 1.05 * best.cost


def test_plans_repeat_exactly_and_after_a_reset(panda):
    first, second = planner_of(panda), planner_of(panda)
    plans = follow(first, panda, panda.home + 0.3, 5)
    np.testing.assert_array_equal(plans[-1].positions, follow(second, panda, panda.home + 0.3, 5)[-1].positions)
    first.reset()
    assert first.plan is None
    np.testing.assert_array_equal(plans[-1].positions, follow(first, panda, panda.home + 0.3, 5)[-1].positions)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda planner: pickle.loads(pickle.dumps(planner))])
def test_copies_go_on_as_the_original_does(panda, duplicate):
    planner, task = planner_of(panda), task_to(panda, panda.home + 0.3)
    plan = follow(planner, panda, panda.home + 0.3, 5)[-1]
    other = duplicate(planner)
    q, v = plan.positions[1], plan.velocities[1]
    expected = planner.solve(q, v, 5 * DT, DT, task)
    np.testing.assert_array_equal(other.solve(q, v, 5 * DT, DT, task).positions, expected.positions)


class Broken:
    """A solver that fails."""

    def __init__(self, n: int, raises: bool) -> None:
        self.xs, self.us = [np.full(2 * n, np.nan)] * 17, [np.zeros(n)] * 16
        self.cost, self.raises = 0, raises

    def solve(self, *arguments: object) -> None:
        if self.raises:
            raise RuntimeError("backward pass")


@pytest.mark.parametrize("raises", [False, True])
def test_a_failed_solve_has_a_reason_and_is_forgotten(panda, monkeypatch, raises):
    planner = planner_of(panda)
    follow(planner, panda, panda.home + 0.3, 2)
    with monkeypatch.context() as patch:
        patch.setattr(planner, "_make_solver", lambda: Broken(panda.n, raises))
        with pytest.raises(NoMotionError, match="no_plan"):
            follow(planner, panda, panda.home + 0.3, 1)
    assert planner.plan is None
    assert np.isfinite(follow(planner, panda, panda.home + 0.3, 1)[0].positions).all()
