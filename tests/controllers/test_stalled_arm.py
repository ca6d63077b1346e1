"""A controller whose arm cannot follow: goals out of reach, joint stops, joints that do not move."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.geometry import moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .kinematic_arm import DT, Arm, beside


def unreachable(kinematics: RobotKinematics, offset: float) -> RigidTransform:
    """The home pose, moved forwards."""
    return beside(kinematics.base_T_ee(kinematics.home), offset, 0.0, 0.0)


@pytest.mark.parametrize("offset", [0.5, 1.5])
def test_an_arm_comes_to_rest_where_its_goal_is_out_of_reach(kinematics, offset):
    """Without damping the stretched arm oscillates between two configurations for ever."""
    arm, controller = Arm(kinematics), PBVSController(kinematics, dt=DT)
    goal = unreachable(kinematics, offset)
    errors = arm.servo(controller, goal, 300)
    before = arm.q.copy()
    for _ in range(60):
        command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        assert (command.mode, command.reason) == ("stall", "out_of_reach")
        assert np.abs(command.joint_velocities).max() < 1e-3
    assert np.abs(arm.q - before).max() < 1e-3
    assert errors[-1][0] <= min(error for error, _ in errors) + 5e-3  # as near as it ever was


def test_noise_of_an_unreachable_goal_moves_a_stalled_arm_no_more_than_the_noise(panda, rng):
    arm, controller, goal = Arm(panda), PBVSController(panda, dt=DT), unreachable(panda, 0.5)
    positions = []
    for _ in range(360):
        seen = moved(goal, np.repeat([0.005, 0.01], 3) * rng.normal(size=6))
        command = arm.apply(controller.command(ServoGoal(seen, arm.time_s), arm.state))
        positions.append(arm.q)
    assert command.mode == "stall"
    assert np.ptp(positions[-120:], axis=0).max() < 0.02


def test_a_stalled_arm_goes_on_to_a_reachable_goal(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    arm.servo(controller, unreachable(panda, 0.5), 240)
    errors = arm.servo(controller, panda.base_T_ee(panda.home), 240)
    assert errors[-1][0] < 1e-3 and errors[-1][1] < 1e-3
    assert arm.apply(controller.command(ServoGoal(arm.pose, arm.time_s), arm.state)).mode == "servo"


def test_a_goal_behind_a_joint_stop_is_named(panda):
    """From here, joint 4 would have to pass its upper stop; another configuration reaches the goal."""
    start = panda.home.copy()
    start[3] = panda.upper[3] - 0.02
    arm, controller = Arm(panda, start), PBVSController(panda, dt=DT)
    goal = panda.base_T_ee(panda.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1]))
    arm.servo(controller, goal, 300)
    command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert (command.mode, command.reason) == ("stall", "at_limit")
    np.testing.assert_allclose(command.joint_velocities, 0.0, atol=1e-3)


def test_a_twist_that_cannot_be_achieved_brings_the_arm_to_rest(panda):
    arm, controller = Arm(panda), PBVSController(panda, dt=DT)
    for _ in range(300):
        command = arm.apply(controller.twist_command([0.25, 0.0, 0.0, 0.0, 0.0, 0.0], arm.state))
    assert command.mode == "stall" and command.reason in ("singular", "at_limit")
    np.testing.assert_allclose(command.joint_velocities, 0.0, atol=1e-3)


def test_an_arm_that_does_not_move_as_commanded_is_not_progressing(panda):
    controller, goal = PBVSController(panda, dt=DT), beside(panda.base_T_ee(panda.home), 0.0, 0.2, 0.1)
    commands = [controller.command(ServoGoal(goal, k * DT), ServoState(panda.home, k * DT)) for k in range(60)]
    assert commands[30].mode == "servo"
    assert (commands[-1].mode, commands[-1].reason) == ("hold", "not_progressing")
    np.testing.assert_array_equal(commands[-1].joint_velocities, np.zeros(panda.n))
