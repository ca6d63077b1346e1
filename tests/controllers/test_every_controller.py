"""What holds for every registered controller."""

from __future__ import annotations

import copy
import pickle
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.controllers import JointLimiter, ServoGoal, ServoState, controller_names, make_controller
from ctr_env.geometry import moved, pose_error, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .servoed_gripper import CAMERA, CAMERA_T_BASE, DT

NAMES = [name for name in controller_names() if name != "mpc" or find_spec("crocoddyl")]
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
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-6, 1e-2, 1.0, 1e3, 1e9]))
def test_nonsense_gives_finite_commands_within_the_limits(name, seed, size):
    """Camera, goal and observed gripper anywhere, goals late, early or missing, with every rule of latency."""
    rng = np.random.default_rng(seed)
    config = {
        "latency": str(rng.choice(["encoders", "predicted", "none"])),
        "endpoint": str(rng.choice(["open", "closed"])),
        "feed_forward": "estimate",
    }
    controller, limiter = make_controller(name, config, PANDA, DT), JointLimiter.of(PANDA)
    q, v = PANDA.home.copy(), np.zeros(PANDA.n)
    for k in range(15):
        pose, camera = (transform(size * rng.normal(size=3), Rotation.random(rng=rng)) for _ in range(2))
        goal = ServoGoal(
            pose,
            k * DT - rng.uniform(-0.1, 0.8),
            twist=size * rng.normal(size=6) if rng.random() < 0.3 else None,
            gripper_offset=size * rng.normal(size=6) if rng.random() < 0.7 else None,
            camera_T_base=camera,
            camera=CAMERA,
        )
        command = controller.command(
            goal if rng.random() < 0.8 else None, ServoState(q, k * DT), size * rng.normal(size=6)
        )
        new = command.joint_velocities
        assert np.isfinite(new).all() and np.isfinite(command.twist).all()
        assert (np.abs(new) <= limiter.velocity).all()
        assert (np.abs(new - v) <= limiter.acceleration * DT * (1.0 + 1e-9)).all()
        q, v = q + DT * new, new
        assert (q >= limiter.lower - 1e-12).all() and (q <= limiter.upper + 1e-12).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_closed_endpoint_brings_the_observed_gripper_to_the_goal(name):
    """The image shows the gripper elsewhere than encoders and estimate have it."""
    offset = np.array([0.02, -0.015, 0.01, 0.03, -0.02, 0.04])
    controller, q = make_controller(name, {"endpoint": "closed"}, PANDA, DT), PANDA.home.copy()
    goal = moved(PANDA.base_T_ee(q), [-0.06, 0.1, -0.08, 0.2, -0.3, 0.3])
    assert controller.needs_gripper
    for k in range(180):
        command = controller.command(with_camera(goal, k * DT, gripper_offset=offset), ServoState(q, k * DT))
        q = q + DT * command.joint_velocities
    distance, angle = pose_error(moved(PANDA.base_T_ee(q), offset), goal)
    assert distance < 1e-3
    assert angle < 5e-3
    assert pose_error(PANDA.base_T_ee(q), goal)[0] > 0.02


@pytest.mark.parametrize("name", NAMES)
def test_twists_and_joint_velocities_are_commands_too(name):
    controller, wanted = make_controller(name, None, PANDA, DT), np.array([0.01, -0.02, 0.02, 0.05, 0.0, 0.05])
    command = controller.twist_command(wanted, ServoState(PANDA.home, 0.0))
    np.testing.assert_allclose(PANDA.jacobian(PANDA.home) @ command.joint_velocities, wanted, atol=1e-4)
    state, demand = ServoState(PANDA.home + DT * command.joint_velocities, DT), np.full(PANDA.n, 0.1)
    np.testing.assert_array_equal(controller.velocity_command(demand, state).joint_velocities, demand)


@pytest.mark.parametrize("name", NAMES)
def test_a_reset_or_copied_controller_repeats_its_commands(name):
    controller = make_controller(name, None, PANDA, DT)
    goal = moved(PANDA.base_T_ee(PANDA.home), [0.1, -0.05, 0.0, 0.0, 0.3, 0.0])
    first = drive(controller, goal, 30)
    controller.reset()
    copies = copy.deepcopy(controller), pickle.loads(pickle.dumps(controller))
    for each in (controller, *copies):
        np.testing.assert_array_equal(drive(each, goal, 30), first)
