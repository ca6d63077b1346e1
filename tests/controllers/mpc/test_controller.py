"""Predictive control in closed loop with a kinematic arm."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.controllers.mpc.config import MPCConfig
from ctr_env.controllers.mpc.controller import MPCController
from ctr_env.errors import DataError
from ctr_env.geometry import look_at, moved, pose_error, transform

DT = 1.0 / 30.0


def settled(errors: np.ndarray) -> int:
    """Steps after which 5 mm and 1 degree are never exceeded again."""
    outside = np.flatnonzero((errors[:, 0] > 5e-3) | (errors[:, 1] > np.radians(1.0)))
    return int(outside[-1]) + 1 if outside.size else 0


def test_random_goals_are_reached_without_bias_and_sooner_than_by_pbvs(kinematics, rng, arm_of):
    controller, pbvs = MPCController(kinematics, dt=DT), PBVSController(kinematics, dt=DT)
    for _ in range(3):
        start = kinematics.home + rng.uniform(-0.25, 0.25, kinematics.n)
        goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.5, 0.5, kinematics.n))
        runs = []
        for one in (controller, pbvs):
            one.reset()
            runs.append(arm_of(kinematics, start).servo(one, goal, 90))
        assert settled(runs[0]) < settled(runs[1]) < 90
        assert runs[0][-1].max() < 1e-3


def test_it_rests_exactly_at_its_goal(panda, arm_of):
    arm = arm_of(panda)
    goal = panda.base_T_ee(panda.home + 0.2)
    assert arm.servo(MPCController(panda, dt=DT), goal, 240)[-1].max() < 1e-6


def test_a_quarter_turn_about_each_axis(panda, arm_of):
    for axis in np.eye(3):
        arm = arm_of(panda)
        goal = transform(arm.pose.translation, Rotation.from_rotvec(0.5 * np.pi * axis) * arm.pose.rotation)
        errors = arm.servo(MPCController(panda, dt=DT), goal, 100)
        assert settled(errors) <= 75


def test_goals_close_to_joint_stops(kinematics, arm_of):
    """Every second joint 0.05 rad from a stop."""
    q = kinematics.home.copy()
    q[::2] = np.clip(q[::2] + 9.0, None, kinematics.upper[::2] - 0.05)
    arm = arm_of(kinematics, q - 0.3 * (np.arange(kinematics.n) % 2 == 0))
    errors = arm.servo(MPCController(kinematics, dt=DT), kinematics.base_T_ee(q), 120)
    assert errors[-1].max() < 5e-3


def test_speed_limits_are_kept(panda, arm_of):
    arm, controller = arm_of(panda), MPCController(panda, {"max_linear_speed": 0.1, "max_angular_speed": 0.3}, DT)
    goal = moved(arm.pose, np.array([0.05, 0.08, 0.1, 0.2, 0.1, 0.3]))
    speeds = []
    for _ in range(30):
        q = arm.q
        arm.servo(controller, goal, 1)
        twist = panda.jacobian(q) @ arm.v
        speeds.append((np.linalg.norm(twist[:3]), np.linalg.norm(twist[3:])))
    assert np.max(speeds, axis=0) == pytest.approx([0.1, 0.3], rel=0.1)
    assert (np.max(speeds, axis=0) <= [0.1 + 1e-9, 0.3 + 1e-9]).all()


def test_a_moving_goal_is_followed_without_lag(panda, arm_of):
    arm, controller = arm_of(panda), MPCController(panda, dt=DT)
    twist = np.array([0.05, -0.03, 0.04, 0.0, 0.1, 0.1])
    begin = arm.pose
    for k in range(90):
        goal = ServoGoal(moved(begin, twist, k * DT), arm.time_s, twist=twist)
        arm.apply(controller.command(goal, arm.state))
    distance, angle = pose_error(arm.pose, moved(begin, twist, 90 * DT))
    assert distance < 1e-3
    assert angle < 5e-3


def test_uncertain_directions_are_followed_less_eagerly(panda, arm_of):
    """Along the camera's axis, where the estimate is four tolerances uncertain, the error decays at sqrt(1/17)."""
    start = panda.base_T_ee(panda.home)
    world_T_camera = look_at(start.translation + np.array([1.0, 0.0, 0.2]), start.translation)
    camera_T_base = world_T_camera.inv()
    along = world_T_camera.rotation.as_matrix()[:, 2]
    across = world_T_camera.rotation.as_matrix()[:, 0]
    goal = transform(start.translation + 0.02 * (along + across), start.rotation)
    C = np.zeros((6, 6))
    C[2, 2] = 0.04**2
    left = {}
    for name, covariance in (("certain", None), ("uncertain", C)):
        arm, controller = arm_of(panda), MPCController(panda, {"least_weight": 0.01}, DT)
        arm.servo(controller, goal, 12, camera_T_base=camera_T_base, covariance=covariance)
        rest = goal.translation - arm.pose.translation
        left[name] = np.array([rest @ along, rest @ across]) / 0.02
    assert left["uncertain"][0] > 2.0 * left["certain"][0]
    assert left["certain"][0] < 0.3
    assert left["uncertain"][1] == pytest.approx(left["certain"][1], abs=0.05)
    errors = arm.servo(controller, goal, 150, camera_T_base=camera_T_base, covariance=C)
    assert errors[-1][0] < 1e-3  # in the end it arrives all the same


def test_a_failed_solve_holds_with_a_reason(panda, arm_of, monkeypatch):
    arm, controller = arm_of(panda), MPCController(panda, dt=DT)
    goal = panda.base_T_ee(panda.home + 0.3)
    arm.servo(controller, goal, 5)

    class Broken:
        def solve(self, *arguments):
            raise RuntimeError("backward pass")

    with monkeypatch.context() as patch:
        patch.setattr(controller._planner, "_make_solver", Broken)
        command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        assert (command.mode, command.reason) == ("hold", "no_plan")
    assert arm.servo(controller, goal, 90)[-1].max() < 1e-3


def test_without_a_goal_it_holds_and_out_of_reach_it_stalls(panda, arm_of):
    arm, controller = arm_of(panda), MPCController(panda, dt=DT)
    assert arm.apply(controller.command(None, arm.state)).reason == "no_goal"
    far = transform([2.0, 0.0, 0.5], arm.pose.rotation)
    for _ in range(150):
        command = arm.apply(controller.command(ServoGoal(far, arm.time_s), arm.state))
    assert (command.mode, command.reason) == ("stall", "out_of_reach")
    assert np.abs(arm.v).max() < 0.02


def test_twists_and_joint_velocities_are_executed(panda, arm_of):
    arm, controller = arm_of(panda), MPCController(panda, dt=DT)
    twist = np.array([0.05, 0.0, 0.0, 0.0, 0.0, 0.1])
    for _ in range(8):
        q = arm.q
        command = arm.apply(controller.twist_command(twist, arm.state))
    np.testing.assert_allclose(panda.jacobian(q) @ command.joint_velocities, twist, atol=1e-3)
    velocities = command.joint_velocities + 0.01
    np.testing.assert_allclose(controller.velocity_command(velocities, arm.state).joint_velocities, velocities)


def test_a_residual_twist_is_added_to_the_planned_one(panda, arm_of):
    arm, controller, residual = arm_of(panda), MPCController(panda, dt=DT), np.array([0.0, 0.02, 0.0, 0.0, 0.0, 0.0])
    goal = panda.base_T_ee(panda.home + 0.2)
    arm.servo(controller, goal, 8)
    state = arm.state
    plain = copy.deepcopy(controller).command(ServoGoal(goal, arm.time_s), state)
    added = controller.command(ServoGoal(goal, arm.time_s), state, residual)
    J = panda.jacobian(state.joint_positions)
    np.testing.assert_allclose(J @ (added.joint_velocities - plain.joint_velocities), residual, atol=2e-3)
    with pytest.raises(DataError, match="residual_twist must be six finite numbers"):
        controller.command(ServoGoal(goal, arm.time_s), state, [1.0])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_go_on_as_the_original_does(panda, arm_of, duplicate):
    arm, controller = arm_of(panda), MPCController(panda, dt=DT)
    goal = panda.base_T_ee(panda.home + 0.2)
    arm.servo(controller, goal, 5)
    other = duplicate(controller)
    for _ in range(3):
        state = ServoState(arm.q.copy(), arm.time_s)
        expected = other.command(ServoGoal(goal, arm.time_s), state).joint_velocities
        arm.servo(controller, goal, 1)
        np.testing.assert_array_equal(arm.v, expected)


def test_a_slow_loop_converges_within_its_limits(panda, arm_of):
    """Five commands a second from a controller made for thirty."""
    arm = arm_of(panda, period=0.2)
    arm.servo(MPCController(panda, dt=DT), arm.pose, 1)
    slow, controller = arm_of(panda, period=0.2), MPCController(panda, dt=0.2)
    errors = slow.servo(controller, panda.base_T_ee(panda.home + 0.2), 25)
    assert errors[-1].max() < 5e-3


def test_a_joint_stop_that_the_pose_alone_leads_to_is_left_again(baxter, arm_of):
    """A goal whose shortest motion ends at the elbow's stop: the cost of the pose has a local minimum there."""
    start = np.array([-0.765, -0.752, 0.098, 1.042, 0.232, 1.256, -0.120])
    goal = baxter.base_T_ee(np.array([-0.687, -0.620, 0.547, 0.693, 0.588, 1.663, -0.362]))
    left = {}
    for cost in (1e-9, MPCConfig().configuration_cost):
        controller = MPCController(baxter, {"configuration_cost": cost}, DT)
        left[cost] = arm_of(baxter, start).servo(controller, goal, 180)[-1]
    assert left[1e-9].max() > 5e-3
    assert left[MPCConfig().configuration_cost].max() < 1e-3
