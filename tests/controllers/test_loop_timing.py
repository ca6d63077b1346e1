"""A controller in time: loops slower than nominal, goals that move, images that are late."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from ctr_env.controllers import PBVSController, ServoGoal
from ctr_env.geometry import moved, pose_error

from .kinematic_arm import DT, Arm, beside


@pytest.mark.parametrize("rate", [15, 10, 5])
def test_joint_limits_hold_in_a_loop_that_is_slower_than_its_nominal_period(kinematics, rate):
    """Goals behind each stop in turn; the arm checks its limits at the true period."""
    for joint in range(kinematics.n):
        behind = kinematics.home.copy()
        behind[joint] = min(kinematics.upper[joint], np.pi) + 0.4
        arm, controller = Arm(kinematics, period=1.0 / rate), PBVSController(kinematics, dt=DT)
        arm.servo(controller, kinematics.base_T_ee(behind), 5 * rate)


@pytest.mark.parametrize("rate", [15, 10, 5, 3])
def test_a_slow_loop_reaches_its_goal_without_oscillation(panda, rate):
    arm, controller = Arm(panda, period=1.0 / rate), PBVSController(panda, dt=DT)
    errors = arm.servo(controller, beside(arm.pose, 0.0, 0.2, 0.1), 6 * rate)
    assert errors[-1][0] < 1e-3
    assert all(later[0] < earlier[0] + 2e-3 for earlier, later in itertools.pairwise(errors))


def test_a_loop_slower_than_the_age_limit_holds_and_says_so(panda):
    arm, controller = Arm(panda, period=0.6), PBVSController(panda, dt=DT)
    goal = beside(arm.pose, 0.0, 0.2, 0.1)
    arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    for ask in (
        lambda: controller.command(ServoGoal(goal, arm.time_s), arm.state),
        lambda: controller.twist_command([0.1, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state),
        lambda: controller.velocity_command(np.full(panda.n, 0.1), arm.state),
    ):
        command = arm.apply(ask())
        assert (command.mode, command.reason) == ("hold", "loop_too_slow")
        np.testing.assert_array_equal(command.joint_velocities, np.zeros(panda.n))


GOAL_TWIST = np.array([0.0, 0.04, 0.02, 0.0, 0.1, 0.0])


@pytest.mark.parametrize(
    ("feed_forward", "given", "latency", "largest"),
    [
        ("given", True, 0, 1e-4),
        ("given", True, 3, 1e-4),
        ("estimate", False, 0, 1e-3),
        ("estimate", False, 3, 1e-3),
        ("off", True, 0, None),
        ("given", False, 0, None),
    ],
)
def test_moving_goals_are_followed_without_lag_if_asked(panda, feed_forward, given, latency, largest):
    """Also when their images are late; without feed-forward the lag is speed over gain."""
    gain = 3.0
    config = {"feed_forward": feed_forward, "gain_at_zero": gain, "gain_at_infinity": gain}
    arm, controller = Arm(panda), PBVSController(panda, config, DT)
    start = arm.pose

    def goal_at(time_s: float) -> RigidTransform:
        return moved(start, GOAL_TWIST, time_s)

    for _ in range(120):
        seen = arm.time_s - latency * DT
        goal = ServoGoal(goal_at(seen), seen, GOAL_TWIST if given else None)
        arm.apply(controller.command(goal, arm.state))
    distance, _ = pose_error(arm.pose, goal_at(arm.time_s))
    if largest is None:
        assert distance == pytest.approx(np.linalg.norm(GOAL_TWIST[:3]) / gain, rel=0.02)
    else:
        assert distance < largest


def test_a_moving_goal_is_extrapolated_while_coasting(panda):
    arm, controller = Arm(panda), PBVSController(panda, {"coast_s": 10.0}, DT)
    start = arm.pose
    for k in range(120):
        now = moved(start, GOAL_TWIST, arm.time_s)
        command = controller.command(ServoGoal(now, arm.time_s, GOAL_TWIST) if k < 60 else None, arm.state)
        arm.apply(command)
    assert command.mode == "coast"
    assert pose_error(arm.pose, moved(start, GOAL_TWIST, arm.time_s))[0] < 1e-4
