"""Differential inverse kinematics of many arms at once."""

from __future__ import annotations

import torch
from torch import Tensor

from ctr_env.controllers.servo_config import ServoControllerConfig
from ctr_env.scenes.robots.batched_kinematics import ArmPoses, BatchedKinematics

from .box_program import minimise_in_box
from .joint_limits import VelocityBounds

__all__ = ["BatchedDifferentialIK"]


class BatchedDifferentialIK:
    """The quadratic program of :class:`~ctr_env.controllers.differential_ik.DifferentialIK` for batches."""

    def __init__(
        self, kinematics: BatchedKinematics, dt: float, config: ServoControllerConfig, device: torch.device
    ) -> None:
        """Set up the program of an arm.

        Args:
            kinematics: The arm.
            dt: Length of a step, seconds.
            config: Settings of the controller whose inverse kinematics these are.
            device: Where they are computed.
        """
        arm = kinematics.kinematics
        self._kinematics, self._dt, self._config = kinematics, dt, config
        lengths = [1.0] * 3 + [config.rotation_length] * 3
        self._weights = torch.tensor(lengths, dtype=torch.float64, device=device)[:, None]
        self._home = torch.from_numpy(arm.home).to(device)
        self._home_hessian = config.home_cost**2 * torch.eye(arm.n, dtype=torch.float64, device=device)

    def solve(self, joint_positions: Tensor, poses: ArmPoses, twists: Tensor, bounds: VelocityBounds) -> Tensor:
        """Joint velocities for the next step.

        Args:
            joint_positions: ``(N, n)`` float64, rad.
            poses: The arm there.
            twists: ``(N, 6)`` m/s and rad/s, base axes at the end effector's origin.
            bounds: Limits of the velocities.

        Returns:
            ``(N, n)`` rad/s.
        """
        body_R_base = self._kinematics.base_T_ee(poses)[:, :3, :3].mT
        steps = self._dt * (body_R_base[:, None] @ twists.view(-1, 2, 3, 1)).flatten(1)
        J = (body_R_base[:, None] @ self._kinematics.jacobian(poses).unflatten(1, (2, 3))).flatten(1, 2)
        damping = self._damping(self._weights * J)
        W = self._weights * (_inverse_left_jacobian(steps) @ J)
        homewards = -min(self._config.home_rate * self._dt, 1.0) * (joint_positions - self._home)
        hessian = W.mT @ W + self._home_hessian
        hessian = hessian + torch.diag_embed((damping**2)[:, None].expand_as(homewards))
        wanted = (W.mT @ (self._weights[:, 0] * steps)[..., None])[..., 0] + self._config.home_cost**2 * homewards
        low, high = bounds.low * self._dt, bounds.high * self._dt
        return bounds.clamp(minimise_in_box(hessian, -wanted, low, high) / self._dt)

    def _damping(self, weighted: Tensor) -> Tensor:
        """``(N,)`` damping by the smallest singular values of the ``(N, 6, n)`` weighted Jacobians, m/rad."""
        squares = torch.linalg.eigvalsh(weighted @ weighted.mT)[:, 0] / self._config.singular_value**2
        return self._config.max_damping * torch.sqrt((1.0 - squares.clamp(min=0.0)).clamp(min=0.0))


def _inverse_left_jacobian(twists: Tensor) -> Tensor:
    """``(N, 6, 6)`` inverse left Jacobian of SE(3), a series for steps well below a radian."""
    v, w = (_cross(part) for part in (twists[:, :3], twists[:, 3:]))
    ad = torch.cat([torch.cat([w, v], dim=2), torch.cat([torch.zeros_like(w), w], dim=2)], dim=1)
    square = ad @ ad
    eye = torch.eye(6, dtype=ad.dtype, device=ad.device)
    return eye - 0.5 * ad + square / 12.0 - square @ square / 720.0


def _cross(vectors: Tensor) -> Tensor:
    """``(N, 3, 3)`` matrices of the cross product with ``(N, 3)`` vectors."""
    x, y, z = vectors.unbind(dim=1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(-1, 3, 3)
