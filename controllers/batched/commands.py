"""From actions to joint velocities, for many arms at once."""

from __future__ import annotations

import torch
from torch import Tensor

from ctr_env.controllers.joint_limits import JointLimiter
from ctr_env.controllers.servo_config import ServoControllerConfig
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics

from .differential_ik import BatchedDifferentialIK
from .joint_limits import BatchedJointLimiter

__all__ = ["BatchedCommands"]


class BatchedCommands:
    """Joint velocities of twists and of joint velocities, within the limits of position, velocity and acceleration.

    They are those of the packaged controllers with their default settings, but for the detection of stalls: an arm that
    does not follow its twist is not damped.
    """

    def __init__(self, kinematics: BatchedKinematics, dt: float, device: torch.device) -> None:
        """Command an arm every ``dt`` seconds."""
        config = ServoControllerConfig()
        limits = JointLimiter.of(kinematics.kinematics, config.stop_margin)
        self._kinematics, self._dt = kinematics, dt
        self._limiter = BatchedJointLimiter(limits, device)
        self._ik = BatchedDifferentialIK(kinematics, dt, config, device)
        self._fastest = config.max_linear_speed, config.max_angular_speed
        self._previous: Tensor | None = None

    def reset(self) -> None:
        """All arms are at rest."""
        self._previous = None

    def twist(self, twists: Tensor, joint_positions: Tensor) -> Tensor:
        """``(N, n)`` joint velocities of ``(N, 6)`` twists (m/s, rad/s, base axes) at ``(N, n)`` measured positions."""
        speeds = torch.linalg.vector_norm(twists.view(-1, 2, 3), dim=2)
        excess = torch.stack([speeds[:, i] / fastest for i, fastest in enumerate(self._fastest)]).amax(dim=0)
        limited = twists / excess.clamp(min=1.0)[:, None]
        bounds = self._limiter.bounds(joint_positions, self._rest(joint_positions), self._dt)
        poses = self._kinematics.poses(joint_positions)
        self._previous = self._ik.solve(joint_positions, poses, limited, bounds)
        return self._previous

    def velocity(self, joint_velocities: Tensor, joint_positions: Tensor) -> Tensor:
        """The allowed ``(N, n)`` joint velocities nearest to the requested ones, rad/s."""
        bounds = self._limiter.bounds(joint_positions, self._rest(joint_positions), self._dt)
        self._previous = bounds.clamp(joint_velocities)
        return self._previous

    def _rest(self, joint_positions: Tensor) -> Tensor:
        """The velocities commanded last; zero after a reset."""
        return torch.zeros_like(joint_positions) if self._previous is None else self._previous
