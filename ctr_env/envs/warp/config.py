"""What the settings of an environment may be on the GPU path."""

from __future__ import annotations

from ctr_env.envs.config import ServoConfig
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.batched.registry import BATCHED_ESTIMATORS
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["ACTION_MODES", "require_support"]

ACTION_MODES = ("ee_twist", "joint_velocity")
_HOST_EFFECTS = ("image", "lens")


def require_support(config: ServoConfig, kinematics: RobotKinematics, images: bool) -> None:
    """Check that settings of the ordinary environments can be had on the GPU path.

    Args:
        config: The settings.
        kinematics: The arm.
        images: Whether images are observed or estimated from.

    Raises:
        ConfigurationError: If one cannot; the message says which, and what can.
    """
    require_choice("action_mode on the GPU path", config.action_mode, ACTION_MODES)
    if not isinstance(config.estimator, str):
        raise ConfigurationError("the GPU path takes an estimator by name, not as an object")
    require_choice("estimator on the GPU path", config.estimator, BATCHED_ESTIMATORS)
    rules = make_randomization(config.randomization, kinematics.robot.camera_distance)
    effects = rules.changed(*_HOST_EFFECTS) if images else ()
    if effects:
        nominal = {name: 1.0 if "white_balance" in name else 0.0 for name in effects}
        raise ConfigurationError(
            f"camera effects are not computed on the GPU path, but the randomisation has {', '.join(effects)}; "
            f"override them: randomization={{'preset': ..., {str(nominal)[1:-1]}}}"
        )
