"""Model predictive control of the arm over a horizon; needs the extra ``mpc``."""

from __future__ import annotations

from typing import Any

from ctr_env.scenes.robots.kinematics import RobotKinematics

from ..base import Controller
from .config import MPCConfig
from .dependencies import require_crocoddyl

__all__ = ["MPCConfig", "make_mpc"]


def make_mpc(kinematics: RobotKinematics, config: Any, dt: float) -> Controller:
    """A :class:`~ctr_env.controllers.mpc.controller.MPCController`; the registry's factory.

    Args:
        kinematics: The arm.
        config: An :class:`MPCConfig`, or a mapping of its fields.
        dt: Time between two commands, seconds.

    Raises:
        MissingDependencyError: If crocoddyl or pinocchio are not installed; the message names the extra.
        ConfigurationError: If a setting is unknown or out of its range.
    """
    require_crocoddyl()
    from .controller import MPCController

    return MPCController(kinematics, config, dt)
