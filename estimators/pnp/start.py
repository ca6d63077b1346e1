"""Starts for the refinement: minima of an algebraic error, found without an initial pose."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from .factor import solve_definite
from .reprojection import NEAR, Problem, rotated

__all__ = ["Starts", "find_starts", "into_view"]

_PICKED = 3  # candidates in front of the camera that are improved, as are their flips
_ITERATIONS = 3  # Gauss-Newton steps of each candidate
_DAMPING = 1e-3  # of those steps, relative
_SAME = 0.98  # cosine of the angle below which two rotations are the same minimum
_RIVAL = 3.0  # ratio of errors up to which a second minimum is refined as well


class Starts(NamedTuple):
    """Two starts for each of N problems.

    Attributes:
        rotation: ``(N, 2, 3, 3)``, best first.
        translation: ``(N, 2, 3)`` metres, every point in front of the camera.
        plausible: ``(N,)`` bool, whether the second one may lead to the global minimum.
        behind: ``(N,)`` approximate least χ² of a pose behind the camera.
    """

    rotation: Tensor
    translation: Tensor
    plausible: Tensor
    behind: Tensor


class _Algebraic(NamedTuple):
    """Error E(R) = vec(R)ᵀ Ω vec(R), vec by rows, at its minimising translation T vec(R)."""

    omega: Tensor
    to_translation: Tensor

    def error(self, rotation: Tensor) -> Tensor:
        flat = rotation.flatten(-2)
        return ((flat @ self.omega) * flat).sum(dim=-1)

    def translation(self, rotation: Tensor) -> Tensor:
        return rotation.flatten(-2) @ self.to_translation.mT


def find_starts(problem: Problem, normal: Tensor) -> Starts:
    """Evaluate a grid of rotations, then improve the best candidates.

    The error is the weighted form of SQPnP's (Terzakis and Lourakis, ECCV 2020): residuals across the ray
    times depth, a quadratic form in the rotation matrix once the translation is eliminated. The grid has sixty evenly
    spread rotations. The best ones in front of the camera, their flips (the second minimum of flat point sets) and the
    best one behind the camera are improved by Gauss-Newton.

    Args:
        problem: N problems, points centred on the origin.
        normal: ``(N, 3)`` normal of the best-fitting plane.
    """
    form = _algebraic_error(problem)
    grid = _spread_rotations().to(form.omega)
    errors = form.error(grid.expand(len(normal), -1, -1, -1))
    front = form.translation(grid.expand(len(normal), -1, -1, -1))[..., 2] > 0.0
    ahead = grid[errors.masked_fill(~front, torch.inf).topk(_PICKED, largest=False).indices]
    behind = grid[errors.masked_fill(front, torch.inf).argmin(dim=1, keepdim=True)]
    flips = _flipped(ahead, form.translation(ahead), normal)
    rotation = _improved(form, torch.cat([ahead, flips, behind], dim=1))
    return _best_two(problem, form, rotation)


def into_view(problem: Problem, rotation: Tensor, translation: Tensor) -> Tensor:
    """Translations ``(N, C, 3)``, moved forward where necessary so that every point is in front of the camera."""
    lowest = (rotation[:, :, 2] @ problem.points.mT).amin(dim=2) + translation[..., 2]
    lack = (2.0 * NEAR - lowest).clamp(min=0.0)
    return torch.cat([translation[..., :2], (translation[..., 2] + lack)[..., None]], dim=2)


def _algebraic_error(problem: Problem) -> _Algebraic:
    rays = (problem.pixels - problem.centre) / problem.focal
    scale = problem.weights.sqrt()[..., None] * problem.focal
    across = torch.cat([torch.diag_embed(scale), -(scale * rays)[..., None]], dim=-1)  # (N, K, 2, 3)
    design = (across[..., None] * problem.points[:, :, None, None]).flatten(-2).flatten(1, 2)
    across = across.flatten(1, 2)
    mixed = across.mT @ design
    to_translation, _ = solve_definite(across.mT @ across, -mixed)  # singular, and then zero, if all rays coincide
    return _Algebraic(design.mT @ design + mixed.mT @ to_translation, to_translation)


@cache
def _spread_rotations() -> Tensor:
    """``(60, 3, 3)`` rotations of the icosahedral group; every rotation is within 45 degrees of one of them."""
    return torch.as_tensor(Rotation.create_group("I").as_matrix())


def _flipped(rotation: Tensor, translation: Tensor, normal: Tensor) -> Tensor:
    """Rotations that reverse the depth of a flat point set: reflections in its plane, then along the line of sight."""
    sight = translation / torch.linalg.vector_norm(translation, dim=-1, keepdim=True)
    seen = (rotation @ normal[:, None, :, None])[..., 0]
    return _reflected(_reflected(rotation, seen), sight)


def _reflected(rotation: Tensor, direction: Tensor) -> Tensor:
    return rotation - 2.0 * direction[..., :, None] * (direction[..., None, :] @ rotation)


def _improved(form: _Algebraic, rotation: Tensor) -> Tensor:
    """Lower the error of rotations ``(N, C, 3, 3)`` by Gauss-Newton."""
    axes = torch.eye(3).to(rotation)[None, None, :, :, None]
    n, count = rotation.shape[:2]
    for _ in range(_ITERATIONS):
        # derivatives of vec(R) by a rotation about each axis
        tangent = torch.linalg.cross(axes, rotation[:, :, None], dim=-2).view(n, 3 * count, 9)
        pulled = (tangent @ form.omega).view(n * count, 3, 9)
        sides = torch.cat([tangent.view(n * count, 3, 9), rotation.view(n * count, 1, 9)], dim=1)
        equations = pulled @ sides.mT
        normal = equations[..., :3]
        damped = normal + torch.diag_embed(_DAMPING * normal.diagonal(dim1=1, dim2=2))
        step, _ = solve_definite(damped, equations[..., 3:])
        rotation = rotated(rotation, -step.view(n, count, 3))
    return rotation


def _best_two(problem: Problem, form: _Algebraic, rotation: Tensor) -> Starts:
    errors, translation = form.error(rotation), form.translation(rotation)
    front = translation[..., 2] > 0.0
    seen, unseen = torch.where(front, errors, torch.inf), torch.where(front, torch.inf, errors)
    lowest, first = seen.min(dim=1)
    rows = torch.arange(len(rotation), device=rotation.device)
    alike = (rotation * rotation[rows, first][:, None]).sum(dim=(2, 3)) > 1.0 + 2.0 * _SAME  # trace of R₁ᵀ R₂
    rival, second = seen.masked_fill(alike, torch.inf).min(dim=1)
    index = rows[:, None], torch.stack([first, second], dim=1)
    return Starts(
        rotation[index],
        into_view(problem, rotation[index], translation[index]),
        rival < _RIVAL * lowest,
        (unseen / translation[..., 2].square()).amin(dim=1),
    )
