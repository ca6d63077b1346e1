"""Checks of what a caller hands in, and its one form for the rest of this folder."""

from __future__ import annotations

import torch
from torch import Tensor

from .reprojection import Problem

__all__ = ["REASONS", "check_shapes", "examine", "fill_absent"]

REASONS = ("", "invalid_values", "too_few_points", "degenerate", "mirrored", "no_convergence")
"""Why a problem has no solution, by code."""

_FEWEST = 4  # three points have up to four poses
_FLAT = 1e-3  # points are collinear that spread less than this part of their length across it


def check_shapes(
    points_2d: Tensor,
    points_3d: Tensor,
    weights: Tensor,
    intrinsics: Tensor,
    start: tuple[Tensor, Tensor] | None,
) -> None:
    """Refuse arguments that do not fit each other.

    Raises:
        ValueError: Naming the argument, its shape and what it should be.
    """
    if points_2d.dim() != 3 or points_2d.shape[2] != 2:
        raise ValueError(f"points_2d has shape (B, K, 2), not {tuple(points_2d.shape)}")
    b, k, _ = points_2d.shape
    expected = {"points_3d": (points_3d, (b, k, 3)), "weights": (weights, (b, k)), "intrinsics": (intrinsics, (b, 4))}
    if start is not None:
        expected |= {"start rotation": (start[0], (b, 3, 3)), "start translation": (start[1], (b, 3))}
    for name, (value, shape) in expected.items():
        if tuple(value.shape) != shape:
            raise ValueError(f"with points_2d of shape {(b, k, 2)}, {name} has shape {shape}, not {tuple(value.shape)}")


def fill_absent(points_2d: Tensor, points_3d: Tensor, weights: Tensor, intrinsics: Tensor) -> tuple[Problem, Tensor]:
    """The problems, their absent points at the centroid of the others; and the centroids ``(B, 3)``."""
    present = weights > 0.0
    weights = torch.where(present, weights, 0.0)
    held = torch.where(present[..., None], points_3d, 0.0)
    share = torch.nn.functional.normalize(weights.detach(), p=1, dim=1)  # of no weights: zero
    centroid = (share[:, None] @ held.detach())[:, 0]
    problem = Problem(
        torch.where(present[..., None], points_2d, 0.0),
        torch.where(present[..., None], points_3d, centroid[:, None]),
        weights,
        intrinsics[:, None, :2],
        intrinsics[:, None, 2:],
    )
    return problem, centroid


def examine(problem: Problem, given_weights: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each of B problems, points centred on the origin, can be solved.

    Returns:
        Normals ``(B, 3)`` of the planes that fit the points best, and codes ``(B,)`` of the reasons to refuse.
    """
    # a sum is finite only if every term is
    total = sum(part.sum(dim=(1, 2)) for part in (problem.pixels, problem.points, problem.focal, problem.centre))
    sound = (total + given_weights.sum(dim=1)).isfinite()
    sound = sound & (given_weights.amin(dim=1) >= 0.0) & (problem.focal.amin(dim=(1, 2)) > 0.0)
    few = (problem.weights > 0.0).sum(dim=1) < _FEWEST
    scatter = (problem.weights[..., None] * problem.points).mT @ problem.points
    sound = sound & scatter.isfinite().all(dim=2).all(dim=1)  # else squares of the coordinates overflow
    benign = torch.eye(3).to(scatter)
    spread, axes = torch.linalg.eigh(torch.where((sound & ~few)[:, None, None], scatter, benign))
    collinear = spread[:, 1] < _FLAT**2 * spread[:, 2]
    code = torch.where(sound, torch.where(few, 2, torch.where(collinear, 3, 0)), 1)
    return axes[..., 0], code
