"""The parts of an environment that estimate and control."""

from __future__ import annotations

from ctr_env.controllers import Controller, make_controller
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimator, estimator_entries, make_estimator
from ctr_env.estimators.registry import config_under
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import ServoConfig

__all__ = ["make_agent"]


def make_agent(config: ServoConfig, kinematics: RobotKinematics, period: float) -> tuple[PoseEstimator, Controller]:
    """Estimator and controller of an environment, checked against each other.

    Args:
        config: Settings of the environment.
        kinematics: The arm.
        period: Time between two commands, seconds.

    Raises:
        ConfigurationError: If a name or a setting is not valid, the controller is made for another period, or needs to
            see the gripper where the estimator does not.
    """
    c = config
    preset = c.randomization if isinstance(c.randomization, str) else str(c.randomization.get("preset", "none"))
    estimator = make_estimator(c.estimator, config_under(preset, c.estimator, c.estimator_config), kinematics)
    controller = make_controller(c.controller, c.controller_config, kinematics, period, tracking=c.task == "track")
    if abs(controller.dt - period) > 1e-6:
        raise ConfigurationError(f"the controller's dt must be {period:.6f} s, not {controller.dt!r} s")
    if controller.needs_gripper and not estimator.sees_gripper:
        able = ", ".join(name for name, entry in estimator_entries().items() if entry.sees_gripper)
        raise ConfigurationError(
            f"the controller (endpoint='closed') needs an estimator that observes the gripper, which "
            f"{type(estimator).__name__} does not; these do, and estimators that wrap one of them: {able}"
        )
    return estimator, controller
