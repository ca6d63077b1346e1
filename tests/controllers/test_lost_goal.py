"""A controller without a valid goal: braking, coasting, holding, and starting again."""

from __future__ import annotations

import daqp
import numpy as np

from ctr_env.controllers import ServoGoal
from ctr_env.geometry import pose_error

from .kinematic_arm import moving_arm


def test_without_a_goal_it_brakes_and_stands_still(panda):
    arm, controller, _ = moving_arm(panda, {"coast_s": 0.0})
    for _ in range(20):
        command = arm.apply(controller.command(None, arm.state))
        assert (command.mode, command.reason) == ("hold", "no_goal")
        np.testing.assert_array_equal(command.twist, np.zeros(6))
    np.testing.assert_array_equal(arm.v, np.zeros(panda.n))


def test_it_coasts_to_the_last_good_goal(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 10.0})
    for _ in range(120):
        command = arm.apply(controller.command(None, arm.state))
        assert (command.mode, command.reason) == ("coast", "no_goal")
    assert pose_error(arm.pose, goal)[0] < 1e-3


def test_coasting_changes_nothing_of_a_static_goal(panda):
    """Servoing and coasting on the same goal command the same velocities."""
    (arm, a, goal), (other, b, _) = (moving_arm(panda, {"coast_s": 10.0}) for _ in range(2))
    for _ in range(10):
        servo = arm.apply(a.command(ServoGoal(goal, arm.time_s), arm.state))
        coast = other.apply(b.command(None, other.state))
        np.testing.assert_allclose(coast.joint_velocities, servo.joint_velocities, atol=1e-12)


def test_coasting_ends_in_a_hold_that_names_the_stale_goal(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.2, "max_age_s": 0.3})
    old = ServoGoal(goal, arm.time_s)
    modes = []
    for _ in range(30):
        command = arm.apply(controller.command(old, arm.state))
        modes.append((command.mode, command.reason))
    assert modes[:10] == [("servo", "")] * 10
    assert modes[10:16] == [("coast", "stale_goal")] * 6
    assert modes[16:] == [("hold", "stale_goal")] * 14


def test_it_restarts_smoothly_after_a_hold(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.0})
    for _ in range(20):
        arm.apply(controller.command(None, arm.state))
    restart = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    assert restart.mode == "servo"
    np.testing.assert_allclose(restart.twist, 0.0, atol=1e-12)


def test_it_restarts_from_the_twist_that_is_left_after_a_short_hold(panda):
    arm, controller, goal = moving_arm(panda, {"coast_s": 0.0})
    arm.apply(controller.command(None, arm.state))
    left = panda.jacobian(arm.q) @ arm.v
    assert np.linalg.norm(left) > 0.01
    restart = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
    np.testing.assert_allclose(restart.twist, left, atol=1e-12)


def test_it_holds_when_the_inverse_kinematics_fail(panda, monkeypatch):
    arm, controller, goal = moving_arm(panda, {})

    def fail(*args: object) -> tuple[np.ndarray, float, int, dict[str, object]]:
        return np.zeros(panda.n), 0.0, -1, {}

    with monkeypatch.context() as patch:
        patch.setattr(daqp, "solve", fail)
        before = np.linalg.norm(arm.v)
        command = arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state))
        assert (command.mode, command.reason) == ("hold", "no_ik_solution")
        assert np.linalg.norm(arm.v) < before
    assert arm.apply(controller.command(ServoGoal(goal, arm.time_s), arm.state)).mode == "servo"
