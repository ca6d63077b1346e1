"""Actions of each mode: what they move, and which are rejected."""

import numpy as np
import pytest

from ctr_env.controllers import PBVSController, ServoState
from ctr_env.envs import ServoConfig
from ctr_env.envs.actions import ActionInterpreter
from ctr_env.errors import DataError
from ctr_env.scenes.robots.kinematics import RobotKinematics


def test_a_twist_moves_the_gripper(make, run):
    env = make(action_mode="ee_twist")
    env.reset(seed=0)
    before = env.unwrapped.snapshot.base_T_ee
    run(env, 30, np.array([0, 0, 0.4, 0, 0, 0], np.float32))  # up at 0.1 m/s for a second
    moved = env.unwrapped.snapshot.base_T_ee.translation - before.translation
    np.testing.assert_allclose(moved, [0, 0, 0.1], atol=0.01)


def test_joint_velocities_move_the_joints(make, run):
    env = make(action_mode="joint_velocity")
    env.reset(seed=0)
    before = env.unwrapped.scene.joint_positions
    action = np.array([0.2, 0, 0, 0, 0, 0, -0.2], np.float32)
    run(env, 15, action)
    limits = env.unwrapped.kinematics.velocity_limits
    np.testing.assert_allclose(env.unwrapped.scene.joint_positions - before, action * limits * 0.5, atol=0.03)


def test_a_residual_twist_displaces_the_equilibrium(make, run):
    env = make()
    env.reset(seed=0)
    info = run(env, 150, np.array([0.2, 0, 0, 0, 0, 0], np.float32))
    # equilibrium of gain * error = residual: 0.05 m/s against about 4 /s
    assert 0.008 < info["true_position_error_m"] < 0.03


@pytest.fixture(params=["pbvs", "ee_twist", "joint_velocity"])
def actions(request):
    kinematics = RobotKinematics("panda")
    return ActionInterpreter(ServoConfig(action_mode=request.param), kinematics, PBVSController(kinematics))


def test_actions_are_clipped_to_their_space(actions):
    big = np.full(actions.space.shape, 9.0)
    np.testing.assert_array_equal(actions.check(big), np.ones(actions.space.shape))
    np.testing.assert_array_equal(actions.check(-big), -np.ones(actions.space.shape))


def test_wrong_actions_are_rejected(actions):
    n = actions.space.shape[0]
    with pytest.raises(DataError, match="finite"):
        actions.check(np.full(n, np.nan))
    with pytest.raises(DataError, match=rf"an action is \({n},\) finite numbers"):
        actions.check(np.zeros(n + 1))


def test_a_zero_action_without_a_goal_moves_nothing(actions):
    state = ServoState(RobotKinematics("panda").home, 0.0)
    command = actions.command(np.zeros(actions.space.shape), None, state)
    np.testing.assert_allclose(command.joint_velocities, 0.0, atol=0.02)  # null-space motion of a twist of zero
