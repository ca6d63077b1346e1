"""Outlier rejection: the points that agree with the majority."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from .refine import refine
from .reprojection import Pose, Problem
from .start import find_starts

__all__ = ["agreeing"]

_FEWEST = 9  # fewer points have no reliable majority
_SUBSETS = 32
_SUBSET_SIZE = 5
_ROUNDS = 3
_GATE = 9.21  # 99 % quantile of the chi-square distribution with two degrees of freedom
_MEDIAN = 1.386  # its median


def agreeing(problem: Problem, normal: Tensor, pose: Pose) -> tuple[Tensor, Pose]:
    """Mask ``(N, K)`` of the inliers of the pose that most points fit, and that pose; all points if fewer than nine.

    Least median of squares (Rousseeuw, 1984) over poses from small subsets and the pose from all points, followed by a
    few rounds of refinement with the inliers. The gate scales with the median error, but not below the noise that the
    weights state.

    Args:
        problem: N problems, points centred on the origin.
        normal: ``(N, 3)`` normal of the plane that fits the points best.
        pose: The poses of least cost over all points.
    """
    present = problem.weights > 0.0
    if present.shape[1] < _FEWEST:
        return present, pose
    rows = torch.arange(len(normal), device=normal.device)
    rotation, translation = _subset_poses(problem, normal)
    rotation = torch.cat([pose.rotation[:, None], rotation], dim=1)
    translation = torch.cat([pose.translation[:, None], translation], dim=1)
    best = _median(_squared_errors(problem, rotation, translation), present[:, None]).argmin(dim=1)
    rotation, translation = rotation[rows, best], translation[rows, best]
    for _ in range(_ROUNDS):
        keep = _within_gate(problem, rotation, translation)
        rotation, translation, _ = refine(problem.among(keep), rotation, translation)
    keep = _within_gate(problem, rotation, translation)
    few = (present.sum(dim=1) < _FEWEST)[:, None]
    return torch.where(few, present, keep), Pose(rotation, translation)


def _subset_poses(problem: Problem, normal: Tensor) -> tuple[Tensor, Tensor]:
    """Poses ``(N, S, 3, 3)``, ``(N, S, 3)`` of random subsets, which depend on the presence of points only."""
    n, k = problem.weights.shape
    order = _shuffles(k).to(normal.device)
    drawn = torch.where((problem.weights > 0.0)[:, None], order, torch.inf).topk(_SUBSET_SIZE, largest=False).indices
    rows = torch.arange(n, device=normal.device)[:, None, None]
    parts = (part[rows, drawn].flatten(0, 1) for part in problem[:3])
    lenses = (part.repeat_interleave(_SUBSETS, dim=0) for part in problem[3:])
    starts = find_starts(Problem(*parts, *lenses), normal.repeat_interleave(_SUBSETS, dim=0))
    return starts.rotation[:, 0].unflatten(0, (n, _SUBSETS)), starts.translation[:, 0].unflatten(0, (n, _SUBSETS))


@cache
def _shuffles(count: int) -> Tensor:
    """``(S, count)`` fixed random numbers."""
    return torch.rand(_SUBSETS, count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _squared_errors(problem: Problem, rotation: Tensor, translation: Tensor) -> Tensor:
    """``(N, S, K)`` squared errors in units of their variance by the weights; infinite behind the camera."""
    points = problem.points[:, None] @ rotation.mT + translation[:, :, None]
    pixels = points[..., :2] / points[..., 2:] * problem.focal[:, None] + problem.centre[:, None]
    errors = (pixels - problem.pixels[:, None]).square().sum(dim=-1) * problem.weights[:, None]
    return torch.where(points[..., 2] > 0.0, errors, torch.inf)


def _median(errors: Tensor, present: Tensor) -> Tensor:
    """Median over the present points."""
    return torch.where(present, errors, torch.nan).nanmedian(dim=-1).values


def _within_gate(problem: Problem, rotation: Tensor, translation: Tensor) -> Tensor:
    present = problem.weights > 0.0
    errors = _squared_errors(problem, rotation[:, None], translation[:, None])[:, 0]
    scale = (_median(errors, present) / _MEDIAN).clamp(min=1.0)
    return present & (errors < _GATE * scale[:, None])
