"""What an action means, by action mode."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ctr_env.controllers import Controller, ServoCommand, ServoGoal, ServoState
from ctr_env.errors import DataError
from ctr_env.geometry import all_finite
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import ServoConfig

__all__ = ["ActionInterpreter"]


class ActionInterpreter:
    """Turns actions into commands of the controller.

    An action is ``(6,)`` or ``(n,)`` numbers in [-1, 1], as shares of the largest speeds:

    - ``pbvs``: a twist (m/s, rad/s, base axes) added to the one with which the controller servos to the goal;
    - ``ee_twist``: the end effector's twist;
    - ``joint_velocity``: the joints' velocities.

    Attributes:
        space: Space of the actions.
        servoes: Whether the controller servos to the goal.
    """

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, controller: Controller) -> None:
        """Interpret actions of an environment's configuration for its arm and controller."""
        self._mode = config.action_mode
        self.servoes = self._mode == "pbvs"
        self._controller = controller
        if self._mode == "joint_velocity":
            self._scale = kinematics.velocity_limits
        else:
            self._scale = np.array([config.max_linear_velocity] * 3 + [config.max_angular_velocity] * 3)
        self.space = spaces.Box(-1.0, 1.0, self._scale.shape, np.float32)

    def check(self, action: object) -> NDArray[np.float64]:
        """The action, clipped to its space.

        Raises:
            DataError: If it has the wrong shape or is not finite.
        """
        values = np.asarray(action, dtype=float)
        if values.shape != self._scale.shape or not all_finite(values):
            raise DataError(f"an action is {self.space.shape} finite numbers, not {values!r}")
        return np.minimum(np.maximum(values, -1.0), 1.0)

    def command(self, action: NDArray[np.float64], goal: ServoGoal | None, state: ServoState) -> ServoCommand:
        """The controller's command.

        Args:
            action: A checked action.
            goal: Goal by the newest estimate, used in mode ``pbvs``; ``None`` if that is not valid.
            state: The arm now.
        """
        requested = action * self._scale
        if self._mode == "joint_velocity":
            return self._controller.velocity_command(requested, state)
        if self._mode == "ee_twist":
            return self._controller.twist_command(requested, state)
        return self._controller.command(goal, state, requested)
