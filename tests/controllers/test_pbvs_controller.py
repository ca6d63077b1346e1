"""The whole controller in closed loop with a kinematic arm: goals that it reaches, and commands of every kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.geometry import moved, pose_error, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .kinematic_arm import DT, Arm, beside, moving_arm


def reachable_goal(kinematics: RobotKinematics, start: RigidTransform, rng: np.random.Generator) -> RigidTransform:
    """A goal 0.1 to 0.4 m and up to 60 degrees away."""
    while True:
        goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.6, 0.6, kinematics.n))
        distance, angle = pose_error(start, goal)
        if 0.1 < distance < 0.4 and angle < np.pi / 3.0:
            return goal


@pytest.mark.parametrize("feature", ["cartesian", "image"])
def test_random_goals_are_reached_without_bias_in_time(kinematics, rng, feature):
    """Settled (5 mm, 1 degree) within 2.5 s and converging on."""
    controller = PBVSController(kinematics, {"feature": feature}, DT)
    for _ in range(8):
        arm = Arm(kinematics, kinematics.home + rng.uniform(-0.25, 0.25, kinematics.n))
        controller.reset()
        goal = reachable_goal(kinematics, arm.pose, rng)
        errors = arm.servo(controller, goal, 130)
        late = errors[int(2.5 / DT) :]
        assert all(distance < 5e-3 and angle < np.radians(1.0) for distance, angle in late)
        assert errors[-1][0] < 1e-4
        assert errors[-1][1] < 1e-4


def test_neither_home_task_nor_damping_bias_the_pose_in_the_end(kinematics, rng):
    arm = Arm(kinematics)
    goal = reachable_goal(kinematics, arm.pose, rng)
    distance, angle = arm.servo(PBVSController(kinematics, dt=DT), goal, 300)[-1]
    assert distance < 1e-6
    assert angle < 1e-6


def test_the_gripper_moves_straight_to_its_goal(kinematics, rng):
    arm = Arm(kinematics)
    controller = PBVSController(kinematics, {"max_linear_speed": 0.1, "max_angular_speed": 0.3}, DT)
    start = arm.pose
    goal = moved(start, np.array([0.05, 0.08, 0.1, 0.2, 0.1, 0.3]), 1.0)
    along = (goal.translation - start.translation) / np.linalg.norm(goal.translation - start.translation)
    for _ in range(100):
        arm.servo(controller, goal, 1)
        offset = arm.pose.translation - start.translation
        assert np.linalg.norm(offset - (offset @ along) * along) < 2e-3


def test_it_starts_smoothly_and_says_that_it_servos(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    first = arm.apply(controller.command(ServoGoal(goal, 0.0), arm.state))
    assert (first.mode, first.reason) == ("servo", "")
    np.testing.assert_allclose(first.twist, 0.0, atol=1e-12)
    second = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert 0.0 < np.linalg.norm(second.twist[:3]) < 0.1


def test_a_residual_twist_is_added_to_the_law(panda):
    arm = Arm(panda)
    controller = PBVSController(panda, dt=DT)
    residual = np.array([0.05, 0.0, 0.02, 0.0, 0.1, 0.0])
    command = arm.apply(controller.command(ServoGoal(arm.pose, 0.0), arm.state, residual))
    np.testing.assert_allclose(command.twist, residual, atol=1e-12)
    held = arm.apply(PBVSController(panda, dt=DT).command(None, ServoState(arm.q, 0.0), residual))
    np.testing.assert_array_equal(held.twist, np.zeros(6))


def test_twist_commands_are_limited_and_achieved(kinematics, rng):
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    command = arm.apply(controller.twist_command([9.0, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state))
    np.testing.assert_allclose(command.twist, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0])
    wanted = np.array([0.01, -0.02, 0.02, 0.05, 0.0, 0.05])
    for _ in range(20):
        J = kinematics.jacobian(arm.q)
        command = arm.apply(controller.twist_command(wanted, arm.state))
    assert (command.mode, command.reason) == ("servo", "")
    np.testing.assert_allclose(J @ command.joint_velocities, wanted, atol=1e-5)


def test_joint_velocity_commands_are_clamped(kinematics, rng):
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    demand = np.zeros(kinematics.n)
    for k in range(150):
        if k % 10 == 0:
            demand = rng.normal(size=kinematics.n) * 10.0
        J = kinematics.jacobian(arm.q)
        command = arm.apply(controller.velocity_command(demand, arm.state))
        np.testing.assert_allclose(command.twist, J @ command.joint_velocities, atol=1e-12)


def test_a_small_joint_velocity_is_granted(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    demand = np.full(panda.n, 0.1)
    np.testing.assert_array_equal(controller.velocity_command(demand, arm.state).joint_velocities, demand)


def test_kinds_of_command_may_be_mixed(panda, rng):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    for _ in range(200):
        kind = rng.integers(4)
        if kind == 0:
            arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        elif kind == 1:
            arm.apply(controller.twist_command(rng.normal(size=6), arm.state))
        elif kind == 2:
            arm.apply(controller.velocity_command(rng.normal(size=panda.n), arm.state))
        else:
            arm.apply(controller.command(None, arm.state))


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([1e-6, 1.0, 1e3, 1e9]))
@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("feature", ["cartesian", "image"])
def test_garbage_in_still_gives_finite_commands_within_limits(baxter, seed, size, feature):
    rng = np.random.default_rng(seed)
    config = {"feature": feature, "feed_forward": "estimate"}
    arm, controller = Arm(baxter), PBVSController(baxter, config, DT)
    for _ in range(20):
        pose = transform(size * rng.normal(size=3), Rotation.random(rng=rng))
        twist = size * rng.normal(size=6) if rng.random() < 0.5 else None
        goal = ServoGoal(pose, arm.time_s - rng.uniform(-0.1, 0.8), twist) if rng.random() < 0.8 else None
        arm.apply(controller.command(goal, arm.state, size * rng.normal(size=6)))


@pytest.mark.parametrize("size", [1.0, 1e3, 1e9])
def test_garbage_joint_positions_still_give_finite_velocities(panda, rng, size):
    controller = PBVSController(panda, dt=DT)
    for k in range(30):
        state = ServoState(size * rng.normal(size=panda.n), k * DT)
        command = controller.command(ServoGoal(transform((0.4, 0.0, 0.4)), k * DT), state)
        assert np.isfinite(command.joint_velocities).all()
        assert (np.abs(command.joint_velocities) <= panda.velocity_limits).all()


def test_reset_forgets_speed_and_goal(panda):
    arm, controller, _ = moving_arm(panda, {"coast_s": 10.0})
    controller.reset()
    command = controller.command(None, arm.state)
    assert command.mode == "hold"
    np.testing.assert_array_equal(command.joint_velocities, np.zeros(panda.n))


def test_two_runs_give_equal_commands(panda):
    (arm, _, _), (other, _, _) = (moving_arm(panda, {}) for _ in range(2))
    np.testing.assert_array_equal(arm.q, other.q)


def test_an_unstable_gain_is_rejected(panda):
    with pytest.raises(ValueError, match=r"gain_at_zero=4\.0 is unstable at dt=0\.5 s; it must be below 4"):
        PBVSController(panda, dt=0.5)


def test_wrong_commands_are_rejected(panda):
    controller, state = PBVSController(panda, dt=DT), ServoState(panda.home, 0.0)
    with pytest.raises(ValueError, match="twist must be six finite numbers"):
        controller.twist_command(np.zeros(5), state)
    with pytest.raises(ValueError, match="residual_twist must be six finite numbers"):
        controller.command(ServoGoal(transform(), 0.0), state, np.full(6, np.nan))
    with pytest.raises(ValueError, match="panda takes 7 finite joint velocities"):
        controller.velocity_command(np.zeros(6), state)
    with pytest.raises(ValueError, match=r"panda takes joint positions of shape \(7,\), not \(6,\)"):
        controller.twist_command(np.zeros(6), ServoState(np.zeros(6), 0.0))
