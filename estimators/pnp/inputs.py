"""Checks of the arguments, and their conversion to a :class:`Problem`."""

from __future__ import annotations

import torch
from torch import Tensor

from ctr_env.errors import DataError

from .reprojection import Problem

__all__ = ["FEWEST", "FLAT", "REASONS", "check_shapes", "examine", "fill_absent"]

REASONS = ("", "invalid_values", "too_few_points", "degenerate", "mirrored", "no_convergence")
"""Reasons why a problem has no solution, by code; the first one: it has."""

FEWEST = 4
"""Fewest points of a problem: three are consistent with up to four poses."""
FLAT = 1e-3
"""Points count as collinear whose spread across their line is less than this share of its length."""


def check_shapes(
    points_2d: Tensor,
    points_3d: Tensor,
    weights: Tensor,
    intrinsics: Tensor,
    start: tuple[Tensor, Tensor] | None,
) -> None:
    """Check the arguments' shapes.

    Raises:
        DataError: If a shape is wrong; the message names the argument, its shape and the right one.
    """
    if points_2d.dim() != 3 or points_2d.shape[2] != 2:
        raise DataError(f"points_2d has shape (B, K, 2), not {tuple(points_2d.shape)}")
    b, k, _ = points_2d.shape
    expected = {"points_3d": (points_3d, (b, k, 3)), "weights": (weights, (b, k)), "intrinsics": (intrinsics, (b, 4))}
    if start is not None:
        expected |= {"start rotation": (start[0], (b, 3, 3)), "start translation": (start[1], (b, 3))}
    for name, (value, shape) in expected.items():
        if tuple(value.shape) != shape:
            raise DataError(f"with points_2d of shape {(b, k, 2)}, {name} has shape {shape}, not {tuple(value.shape)}")


def fill_absent(points_2d: Tensor, points_3d: Tensor, weights: Tensor, intrinsics: Tensor) -> tuple[Problem, Tensor]:
    """The problems, with absent points moved to the centroid of the others; and the centroids ``(B, 3)``."""
    present = weights > 0.0
    weights = torch.where(present, weights, 0.0)
    held = torch.where(present[..., None], points_3d, 0.0)
    share = torch.nn.functional.normalize(weights.detach(), p=1, dim=1)  # zero if all weights are
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
    """Classify B problems, their points centred on the origin, by whether they can be solved.

    Returns:
        Normals ``(B, 3)`` of the best-fitting planes, and codes ``(B,)`` of the reasons (see :data:`REASONS`).
    """
    # a sum is finite only if every term is
    total = sum(part.sum(dim=(1, 2)) for part in (problem.pixels, problem.points, problem.focal, problem.centre))
    sound = (total + given_weights.sum(dim=1)).isfinite()
    sound = sound & (given_weights.amin(dim=1) >= 0.0) & (problem.focal.amin(dim=(1, 2)) > 0.0)
    few = (problem.weights > 0.0).sum(dim=1) < FEWEST
    scatter = (problem.weights[..., None] * problem.points).mT @ problem.points
    sound = sound & scatter.isfinite().all(dim=2).all(dim=1)  # else squares of the coordinates overflow
    benign = torch.eye(3).to(scatter)
    spread, axes = torch.linalg.eigh(torch.where((sound & ~few)[:, None, None], scatter, benign))
    collinear = spread[:, 1] < FLAT**2 * spread[:, 2]
    code = torch.where(sound, torch.where(few, 2, torch.where(collinear, 3, 0)), 1)
    return axes[..., 0], code
