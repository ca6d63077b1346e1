"""What actions mean in many worlds."""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from ctr_env.controllers.batched.commands import BatchedCommands
from ctr_env.envs.config import ServoConfig
from ctr_env.errors import DataError
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics

__all__ = ["BatchedActionInterpreter"]


class BatchedActionInterpreter:
    """:class:`~ctr_env.envs.actions.ActionInterpreter` for N worlds, without the mode ``pbvs``.

    Attributes:
        space: Space of the actions of one world.
    """

    def __init__(self, config: ServoConfig, arm: BatchedKinematics, dt: float, device: torch.device) -> None:
        """Interpret actions of an environment's configuration for its arm, one every ``dt`` seconds."""
        self._commands = BatchedCommands(arm, dt, device)
        self._joints = config.action_mode == "joint_velocity"
        if self._joints:
            scale = arm.kinematics.velocity_limits
        else:
            scale = np.array([config.max_linear_velocity] * 3 + [config.max_angular_velocity] * 3)
        self._scale = torch.from_numpy(scale).to(device)
        self.space = spaces.Box(-1.0, 1.0, scale.shape, np.float32)

    def reset(self) -> None:
        """All arms are at rest."""
        self._commands.reset()

    def check(self, actions: object, count: int) -> Tensor:
        """``(count, ...)`` float64 actions of all worlds on the device, clipped to their space.

        Raises:
            DataError: If they have the wrong shape.
        """
        values = torch.as_tensor(actions, dtype=torch.float64, device=self._scale.device)
        shape = (count, *self._scale.shape)
        if values.shape != shape:
            raise DataError(f"actions are {shape} numbers, not {tuple(values.shape)}")
        return values.clamp(-1.0, 1.0)

    def velocities(self, actions: Tensor, joint_positions: Tensor) -> Tensor:
        """``(N, n)`` joint velocities (rad/s) of checked actions at ``(N, n)`` measured positions, rad."""
        command = self._commands.velocity if self._joints else self._commands.twist
        return command(actions * self._scale, joint_positions)
