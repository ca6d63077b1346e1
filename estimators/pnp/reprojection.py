"""The reprojection cost of a pose and its exact derivatives, in closed form."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["NEAR", "Expansion", "Pose", "Problem", "expand", "rotated"]

NEAR = 0.01
"""Least depth of a point that counts as in front of the camera, metres."""


class Problem(NamedTuple):
    """N weighted sets of K correspondences, all float64.

    Points of zero weight must lie within the convex hull of the others. They are then in front of the camera whenever
    the others are, so that no formula has to exclude them.

    Attributes:
        pixels: ``(N, K, 2)`` continuous pixels.
        points: ``(N, K, 3)`` metres.
        weights: ``(N, K)`` inverse variances of a pixel coordinate, px⁻².
        focal: ``(N, 1, 2)`` focal lengths, pixels.
        centre: ``(N, 1, 2)`` principal point, pixels.
    """

    pixels: Tensor
    points: Tensor
    weights: Tensor
    focal: Tensor
    centre: Tensor

    def rows(self, index: Tensor) -> Problem:
        """The problems of these row numbers, or of a mask."""
        return Problem(*(part[index] for part in self))

    def moved(self, origin: Tensor) -> Problem:
        """The same problems with points relative to an origin ``(N, 3)``."""
        return self._replace(points=self.points - origin[:, None])

    def among(self, used: Tensor) -> Problem:
        """The same problems with zero weight for points outside a mask ``(N, K)``."""
        return self._replace(weights=torch.where(used, self.weights, 0.0))


class Pose(NamedTuple):
    """Rotations ``(N, 3, 3)`` and translations ``(N, 3)``, metres, that take points to the camera frame."""

    rotation: Tensor
    translation: Tensor

    def moved(self, origin: Tensor) -> Pose:
        """The same poses for points relative to an origin ``(N, 3)``."""
        return self._replace(translation=self.translation + (self.rotation @ origin[..., None])[..., 0])


class Expansion(NamedTuple):
    """Second-order expansion of the cost C = ½ Σ w ‖π(R X + t) − x‖² by a twist (v, ω): t + v, exp(ω) R.

    Attributes:
        cost: ``(N,)``; infinite if a point is not in front of the camera.
        gradient: ``(N, 6)`` dC/d(v, ω).
        information: ``(N, 6, 6)`` Gauss-Newton part of the Hessian, Jᵀ W J.
        hessian: ``(N, 6, 6)`` exact Hessian.
    """

    cost: Tensor
    gradient: Tensor
    information: Tensor
    hessian: Tensor


def expand(problem: Problem, rotation: Tensor, translation: Tensor) -> Expansion:
    """Expand the cost at the poses ``(N, 3, 3)``, ``(N, 3)``.

    Per point, let q = R X, p = q + t, g = dC/dp. The perspective division has the second derivative
    −(g ẑᵀ + ẑ gᵀ) / z when contracted with the residual, and the rotation ½ (g qᵀ + q gᵀ) − (g·q) I: with those two
    terms the Gauss-Newton matrix becomes the exact Hessian.
    """
    turned = torch.bmm(problem.points, rotation.mT)
    points = turned + translation[:, None]
    inverse = points[..., 2:].reciprocal()
    rays = points[..., :2] * inverse
    residuals = torch.addcmul(problem.centre - problem.pixels, rays, problem.focal)
    weights = problem.weights[..., None]
    pull = weights * residuals
    in_front = points[..., 2].amin(dim=1) > NEAR
    cost = torch.where(in_front, 0.5 * (pull * residuals).sum(dim=(1, 2)), torch.inf)

    scale = problem.focal * inverse
    by_point = torch.cat([torch.diag_embed(scale), -(scale * rays)[..., None]], dim=-1)  # (N, K, 2, 3)
    jacobian = torch.cat([by_point, torch.linalg.cross(turned[:, :, None], by_point)], dim=-1)
    information = torch.bmm(jacobian.flatten(1, 2).mT, (jacobian * weights[..., None]).flatten(1, 2))
    force = scale * pull
    force = torch.cat([force, -(force * rays).sum(dim=-1, keepdim=True)], dim=-1)
    forces = torch.cat([force, torch.linalg.cross(turned, force)], dim=-1)

    # the non-zero entries, 2 to 4, of (ẑ, q × ẑ) / z
    forward = torch.stack([torch.ones_like(turned[..., 0]), turned[..., 1], -turned[..., 0]], dim=-1) * inverse
    division = torch.bmm(forces.mT, forward)
    hessian = information.clone()
    hessian[:, :, 2:5] -= division
    hessian[:, 2:5, :] -= division.mT
    twist = torch.bmm(force.mT, turned)
    hessian[:, 3:, 3:] += 0.5 * (twist + twist.mT)
    hessian.diagonal(dim1=1, dim2=2)[:, 3:] -= twist.diagonal(dim1=1, dim2=2).sum(dim=1, keepdim=True)
    return Expansion(cost, forces.sum(dim=1), information, hessian)


def rotated(rotation: Tensor, omega: Tensor) -> Tensor:
    """Rotations ``(..., 3, 3)`` rotated from the left by ``(..., 3)`` rad (Cayley map: exp to second order)."""
    half = 0.5 * omega
    factor = 2.0 / (1.0 + (half * half).sum(dim=-1, keepdim=True))
    columns = rotation.mT
    across = torch.linalg.cross(half[..., None, :], columns)
    return torch.addcmul(columns, factor[..., None], across + torch.linalg.cross(half[..., None, :], across)).mT
