"""The optimal control problem: its dynamics, and the motion it asks for."""

from __future__ import annotations

import crocoddyl
import numpy as np
import pytest

from ctr_env.controllers import JointLimiter
from ctr_env.controllers.mpc.confidence import ErrorWeights
from ctr_env.controllers.mpc.config import MPCConfig
from ctr_env.controllers.mpc.plan import rollout
from ctr_env.controllers.mpc.problem import HorizonProblem, Task
from ctr_env.geometry import moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

EXACT = ErrorWeights(np.eye(3), np.eye(3))


def problem_of(kinematics: RobotKinematics, **config) -> HorizonProblem:
    settings = MPCConfig(**config)
    return HorizonProblem(kinematics, settings, JointLimiter.of(kinematics, settings.stop_margin))


def task_of(kinematics: RobotKinematics, goal, **changes) -> Task:
    n = kinematics.n
    values = {"goal_twist": np.zeros(6), "gain": 6.0, "weights": EXACT}
    values |= {"goal_positions": kinematics.home, "goal_velocities": np.zeros(n)}
    return Task(base_T_goal=goal, **(values | changes))


def test_a_step_of_the_problem_is_a_step_of_the_commanded_arm(kinematics, rng):
    problem, n = problem_of(kinematics), kinematics.n
    steps = rng.uniform(0.02, 0.1, 16)
    q, v = kinematics.home, rng.uniform(-0.1, 0.1, n)
    problem.update(q, v, steps, task_of(kinematics, kinematics.base_T_ee(q)))
    accelerations = rng.uniform(-1.0, 1.0, (16, n))
    states = np.array(problem.shooting.rollout(list(accelerations)))
    np.testing.assert_allclose(states, rollout(q, v, accelerations, steps), atol=1e-12)


def test_derivatives_of_all_costs_are_right(kinematics, rng):
    """Gradients of a node's cost against finite differences, with every limit exceeded."""
    problem, n = problem_of(kinematics, torque_share=0.01), kinematics.n
    goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.3, 0.3, n))
    problem.update(kinematics.home, np.zeros(n), np.full(16, 0.05), task_of(kinematics, goal))
    node = problem.shooting.runningModels[3]
    numeric = crocoddyl.ActionModelNumDiff(node, True)
    data, expected = node.createData(), numeric.createData()
    for _ in range(5):
        x = np.concatenate([kinematics.home, np.zeros(n)]) + rng.uniform(-0.5, 0.5, 2 * n)
        u = rng.uniform(-5.0, 5.0, n)
        for model, out in ((node, data), (numeric, expected)):
            model.calc(out, x, u)
            model.calcDiff(out, x, u)
        scale = np.abs(expected.Lx).max() + np.abs(expected.Lu).max()
        np.testing.assert_allclose(data.Lx, expected.Lx, atol=1e-4 * scale)
        np.testing.assert_allclose(data.Lu, expected.Lu, atol=1e-4 * scale)


def test_rest_at_the_goal_costs_nothing(kinematics):
    """No term of the objective pulls away from a goal that is reached: it has no offset."""
    problem, n = problem_of(kinematics), kinematics.n
    q = kinematics.home + 0.2
    problem.update(q, np.zeros(n), np.full(16, 0.05), task_of(kinematics, kinematics.base_T_ee(q), goal_positions=q))
    still = [np.zeros(n)] * 16
    assert problem.shooting.calc(problem.shooting.rollout(still), still) == pytest.approx(0.0, abs=1e-20)


def test_following_a_moving_goal_costs_next_to_nothing(kinematics):
    """A lag would cost; only joint velocities that change along the path remain."""
    problem, n = problem_of(kinematics), kinematics.n
    twist = np.array([0.05, 0.0, 0.02, 0.0, 0.1, 0.0])
    q, v = kinematics.home, np.linalg.pinv(kinematics.jacobian(kinematics.home)) @ twist
    goal = kinematics.base_T_ee(q)
    still = [np.zeros(n)] * 16

    def cost(goal_twist):
        task = task_of(kinematics, goal, goal_twist=goal_twist, goal_velocities=v)
        problem.update(q, v, np.full(16, 0.05), task)
        return problem.shooting.calc(problem.shooting.rollout(still), still)

    assert cost(twist) < 0.1 * cost(np.zeros(6))


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_optimal_motion_is_exponential_decay_at_the_gain_times_the_root_of_the_weight(panda, weight):
    """In the middle of the workspace and far from all limits; along the weighted direction."""
    problem = problem_of(
        panda, acceleration_cost=1e-7, joint_speed_cost=1e-6, configuration_cost=1e-6, nodes=40, horizon_s=0.8
    )
    start = panda.base_T_ee(panda.home)
    goal = moved(start, np.array([0.0, 0.01, 0.0, 0.0, 0.0, 0.0]))
    weights = ErrorWeights(np.diag([1.0, weight, 1.0]), np.eye(3))
    v = np.linalg.pinv(panda.jacobian(panda.home)) @ [0.0, 0.06 * weight**0.5, 0.0, 0.0, 0.0, 0.0]  # on its way
    problem.update(panda.home, v, np.full(40, 0.02), task_of(panda, goal, weights=weights))
    solver = crocoddyl.SolverBoxFDDP(problem.shooting)
    solver.solve([], [], 100, False)
    left = [goal.translation[1] - panda.base_T_ee(x[: panda.n]).translation[1] for x in solver.xs]
    rate = -np.log(left[25] / left[5]) / (20 * 0.02)
    assert rate == pytest.approx(6.0 * weight**0.5, rel=0.15)
