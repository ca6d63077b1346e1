"""Controllers of an environment: by name, as an object, and checked against its estimator."""

import numpy as np
import pytest

from ctr_env.controllers import Controller, PBVSController, ServoCommand
from ctr_env.envs import ServoEnv
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics


class Recorder(Controller):
    """Stands still and records what it is told."""

    dt = 1 / 30

    def __init__(self):
        self.calls = []

    def reset(self):
        self.calls.append("reset")

    def _hold(self, name):
        self.calls.append(name)
        return ServoCommand(np.zeros(7), np.zeros(6), "hold", "recording")

    def command(self, goal, state, residual_twist=None):
        assert goal is not None and residual_twist.shape == (6,)
        return self._hold("command")

    def twist_command(self, twist, state):
        assert twist.shape == (6,)
        return self._hold("twist_command")

    def velocity_command(self, joint_velocities, state):
        assert joint_velocities.shape == (7,)
        return self._hold("velocity_command")


@pytest.mark.parametrize(
    "mode, method", [("pbvs", "command"), ("ee_twist", "twist_command"), ("joint_velocity", "velocity_command")]
)
def test_a_controller_may_be_an_object_that_has_only_the_methods_of_the_contract(make, mode, method):
    controller = Recorder()
    env = make(controller=controller, action_mode=mode)
    assert env.unwrapped.controller is controller
    env.reset(seed=0)
    *_, info = env.step(env.action_space.sample())
    assert controller.calls == ["reset", method]
    assert (info["controller_mode"], info["controller_reason"]) == ("hold", "recording")


def test_by_name_and_as_an_object_are_the_same(make, run):
    config = {"gain_at_zero": 3.0}
    named = make(controller="pbvs", controller_config=config)
    given = make(controller=PBVSController(RobotKinematics("panda"), config))
    errors = []
    for env in (named, given):
        env.reset(seed=0)
        errors.append(run(env, 20)["true_position_error_m"])
    assert errors[0] == errors[1]


def test_goal_motion_is_estimated_where_something_moves():
    assert ServoEnv(task="track").controller.config.feed_forward == "estimate"
    assert ServoEnv(task="track", controller_config={"feed_forward": "off"}).controller.config.feed_forward == "off"
    assert ServoEnv().controller.config.feed_forward == "given"


def test_a_controller_of_another_period_is_rejected():
    with pytest.raises(ConfigurationError, match=r"the controller's dt must be 0\.033333 s, not 0\.1 s"):
        ServoEnv(controller=PBVSController(RobotKinematics("panda"), None, 0.1))


class Blind(PoseEstimator):
    needs_image = False

    def estimate(self, frame):
        return PoseEstimate.invalid("blind", frame.time_s)


def test_an_estimator_that_does_not_observe_the_gripper_is_rejected_with_those_that_do():
    message = (
        "needs an estimator that observes the gripper, which Blind does not; "
        ".*charuco, ctrnet, ctrnet_model, ground_truth, noisy"
    )
    with pytest.raises(ConfigurationError, match=message):
        ServoEnv(estimator=Blind(), controller_config={"endpoint": "closed"})
