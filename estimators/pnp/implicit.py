"""Gradients of a pose by the implicit function theorem."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .factor import solve_definite
from .reprojection import Problem, expand

__all__ = ["ImplicitPose"]


class ImplicitPose(torch.autograd.Function):
    """Attaches the gradients of the data to the pose that is optimal for them.

    At an optimum f(x, y) = dC/dy = 0, so that dy/dx = −(df/dy)⁻¹ df/dx with df/dy the exact Hessian (CtRNet, arXiv
    2302.14332, eq. 9–12). With λ = −H⁻¹ dL/dy the gradient is d(λ·f)/dx, where λ·f = Σ g·(λ_v + λ_ω × q) is
    the sum over the points of a short closed form (see :func:`expand` for g and q); its derivatives are below.
    """

    @staticmethod
    def forward(
        ctx: Any,
        pixels: Tensor,
        points: Tensor,
        weights: Tensor,
        intrinsics: Tensor,
        rotation: Tensor,
        translation: Tensor,
        valid: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Pass on the poses ``(B, 3, 3)``, ``(B, 3)``; rows that are not valid get zero gradients."""
        ctx.save_for_backward(pixels, points, weights, intrinsics, rotation, translation, valid)
        return rotation.clone(), translation.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_rotation: Tensor, by_translation: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients by pixels, points, weights and intrinsics."""
        pixels, points, weights, intrinsics, rotation, translation, valid = ctx.saved_tensors
        problem = Problem(pixels, points, weights, intrinsics[:, None, :2], intrinsics[:, None, 2:])
        outer = by_rotation @ rotation.mT  # L changes by Σ outer · [ω]ₓ
        by_rotation_vector = torch.stack(
            [
                outer[:, 2, 1] - outer[:, 1, 2],
                outer[:, 0, 2] - outer[:, 2, 0],
                outer[:, 1, 0] - outer[:, 0, 1],
            ],
            dim=1,
        )
        hessian = expand(problem, rotation, translation).hessian
        adjoint, definite = solve_definite(hessian, -torch.cat([by_translation, by_rotation_vector], dim=1)[..., None])
        grads = _adjoint_gradients(problem, rotation, translation, adjoint[..., 0])
        valid = valid & definite
        # an absent point has no gradient by its weight: it would need a position first
        used = valid[:, None] & (weights > 0.0)
        masks = used[..., None], used[..., None], used, valid[:, None]
        return *(torch.where(mask, grad, 0.0) for mask, grad in zip(masks, grads, strict=True)), None, None, None


def _adjoint_gradients(
    problem: Problem, rotation: Tensor, translation: Tensor, adjoint: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Derivatives of λ·f by pixels, points, weights and intrinsics."""
    turned = problem.points @ rotation.mT
    points = turned + translation[:, None]
    inverse = points[..., 2:].reciprocal()
    rays = points[..., :2] * inverse
    residuals = rays * problem.focal + problem.centre - problem.pixels
    weights = problem.weights[..., None]
    spin = adjoint[:, None, 3:]
    shift = adjoint[:, None, :3] + torch.linalg.cross(spin, turned)

    ray_shift = (shift[..., :2] - rays * shift[..., 2:]) * inverse
    pixel_shift = problem.focal * ray_shift
    pull = weights * residuals
    # g = Pᵀ w r, and its derivative along the shift: Pᵀ w P d − (ẑ (g·d) + g d_z) / z
    pulled = _transposed(problem.focal, inverse, rays, pull)
    along = (pulled * shift).sum(dim=-1, keepdim=True)
    by_camera_point = _transposed(problem.focal, inverse, rays, weights * pixel_shift)
    by_camera_point = by_camera_point - inverse * shift[..., 2:] * pulled
    by_camera_point = by_camera_point - torch.cat([torch.zeros_like(rays), inverse * along], dim=-1)
    by_camera_point = by_camera_point + torch.linalg.cross(pulled, spin.expand_as(pulled))
    return (
        -weights * pixel_shift,
        by_camera_point @ rotation,
        (pixel_shift * residuals).sum(dim=-1),
        torch.cat(
            [
                (weights * rays * pixel_shift + pull * ray_shift).sum(dim=1),
                (weights * pixel_shift).sum(dim=1),
            ],
            dim=1,
        ),
    )


def _transposed(focal: Tensor, inverse: Tensor, rays: Tensor, pixels: Tensor) -> Tensor:
    """Pᵀ times ``(N, K, 2)`` pixel vectors: ``(N, K, 3)``."""
    flat = focal * inverse * pixels
    return torch.cat([flat, -(flat * rays).sum(dim=-1, keepdim=True)], dim=-1)
