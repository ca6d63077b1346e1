"""What holds for every registered controller."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.controllers import JointLimiter, ServoGoal, ServoState, controller_names, make_controller
from ctr_env.geometry import moved, pose_error, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .servoed_gripper import CAMERA, CAMERA_T_BASE, DT

NAMES = [name for name in controller_names() if name != "mpc"]  # tests/controllers/mpc has its own
PANDA = RobotKinematics("panda")
number = st.floats(-1.0, 1.0)


def with_camera(base_T_goal, time_s, **more):
    return ServoGoal(
        base_T_goal, time_s, camera_T_base=CAMERA_T_BASE, camera=CAMERA, covariance=1e-4 * np.eye(6), **more
    )


def drive(controller, goal, steps, delay=0, start=None):
    """Errors of the arm's gripper while its controller is told the goal ``delay`` steps late."""
    q, errors = (PANDA.home if start is None else start).copy(), []
    for k in range(steps):
        given_goal = with_camera(goal, (k - delay) * DT) if k >= delay else None
        q = q + DT * controller.command(given_goal, ServoState(q, k * DT)).joint_velocities
        errors.append(pose_error(PANDA.base_T_ee(q), goal))
    return np.array(errors)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("latency", ["encoders", "predicted", "none"])
@pytest.mark.parametrize("endpoint", ["open", "closed"])
def test_it_reaches_a_goal_with_every_rule_of_latency_and_endpoint(name, latency, endpoint):
    controller = make_controller(name, {"latency": latency, "endpoint": endpoint}, PANDA, DT)
    goal = moved(PANDA.base_T_ee(PANDA.home), [0.06, 0.05, -0.04, 0.2, -0.1, 0.3])
    distance, angle = drive(controller, goal, 150, delay=1)[-1]
    assert distance < 5e-4
    assert angle < 2e-3


@pytest.mark.parametrize("name", ["pbvs", "ibvs", "hybrid"])
@pytest.mark.parametrize("delay", [1, 2, 3])
def test_the_delay_bounds_the_gain_unless_it_is_compensated(name, delay):
    """Acting on the error of d steps ago is stable for gain * dt < 2 sin(pi / (2 (2 d + 1)))."""
    goal = moved(PANDA.base_T_ee(PANDA.home), [2e-5, 1e-5, -1e-5, 2e-5, 0.0, 0.0])
    limit = 2.0 * np.sin(np.pi / (2.0 * (2 * delay + 1))) / DT
    for factor, latency, stable in ((0.9, "none", True), (1.15, "none", False), (1.15, "predicted", True)):
        gain = factor * limit  # below 2 / dt, the bound without delay
        config = {"gain_at_zero": gain, "gain_at_infinity": gain, "continuity_rate": 0.0, "latency": latency}
        errors = drive(make_controller(name, config, PANDA, DT), goal, 150, delay)[:, 0]
        assert (errors[-20:].max() < 0.3 * errors[:20].max()) == stable


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_commands_are_finite_and_within_the_limits_for_any_goal(name, data):
    controller, limiter = make_controller(name, None, PANDA, DT), JointLimiter.of(PANDA)
    q, v = PANDA.home.copy(), np.zeros(7)
    for k in range(6):
        x = np.array(data.draw(st.tuples(*[number] * 6)))
        goal = with_camera(transform(2.0 * x[:3], Rotation.from_rotvec(3.1 * x[3:])), k * DT)
        command = controller.command(data.draw(st.sampled_from([goal, None])), ServoState(q, k * DT))
        new = command.joint_velocities
        assert np.isfinite(new).all()
        assert (np.abs(new) <= limiter.velocity + 1e-12).all()
        assert (np.abs(new - v) <= limiter.acceleration * DT * (1.0 + 1e-9)).all()
        q, v = q + DT * new, new


@pytest.mark.parametrize("name", NAMES)
def test_a_reset_or_copied_controller_repeats_its_commands(name):
    controller = make_controller(name, None, PANDA, DT)
    goal = moved(PANDA.base_T_ee(PANDA.home), [0.1, -0.05, 0.0, 0.0, 0.3, 0.0])
    first = drive(controller, goal, 30)
    controller.reset()
    copies = copy.deepcopy(controller), pickle.loads(pickle.dumps(controller))
    for each in (controller, *copies):
        np.testing.assert_array_equal(drive(each, goal, 30), first)
