"""Global search: the best of the local minima reached from several starts."""

from __future__ import annotations

import torch
from torch import Tensor

from .refine import refine
from .reprojection import Pose, Problem
from .start import Starts, find_starts, into_view

__all__ = ["descend", "search"]

_MIRRORED = 0.1  # ratio of χ² behind and in front of the camera below which the image is mirrored
_EXACT = 1e-3  # pixels: reprojection error below which an image is never mirrored


def search(problem: Problem, normal: Tensor, guess: Pose | None) -> tuple[Pose, Tensor]:
    """Poses of least cost with every point in front of the camera.

    Args:
        problem: N problems, points centred on the origin.
        normal: ``(N, 3)`` normal of the plane that fits the points best.
        guess: Additional starts.

    Returns:
        The poses, and a mask ``(N,)`` of images that only a pose behind the camera fits.
    """
    starts = find_starts(problem, normal)
    pose, cost = _lowest(problem, starts, guess)
    chi2 = 2.0 * cost
    exact = chi2 < _EXACT**2 * problem.weights.sum(dim=1)
    return pose, (starts.behind < _MIRRORED * chi2) & ~exact


def descend(problem: Problem, guess: Pose) -> tuple[Pose, Tensor]:
    """The local minima reached from guesses; the result has the form of :func:`search`'s."""
    translation = into_view(problem, guess.rotation[:, None], guess.translation[:, None])[:, 0]
    rotation, translation, cost = refine(problem, guess.rotation, translation)
    return Pose(rotation, translation), torch.zeros_like(cost, dtype=torch.bool)


def _lowest(problem: Problem, starts: Starts, guess: Pose | None) -> tuple[Pose, Tensor]:
    """Poses of least cost reached from the starts and the guess, and their costs."""
    rotation, translation, cost = refine(problem, starts.rotation[:, 0], starts.translation[:, 0])
    others, worthwhile = Pose(starts.rotation[:, 1:], starts.translation[:, 1:]), starts.plausible[:, None]
    if guess is not None:
        finite = guess.rotation.isfinite().all(dim=(1, 2)) & guess.translation.isfinite().all(dim=1)
        others = Pose(
            torch.cat([others.rotation, guess.rotation[:, None]], dim=1),
            torch.cat(
                [others.translation, into_view(problem, guess.rotation[:, None], guess.translation[:, None])], dim=1
            ),
        )
        worthwhile = torch.cat([worthwhile, finite[:, None]], dim=1)
    rows = worthwhile.nonzero()[:, 0]
    if len(rows) == 0:
        return Pose(rotation, translation), cost
    found = refine(problem.rows(rows), others.rotation[worthwhile], others.translation[worthwhile], bar=cost[rows])
    costs = torch.full_like(others.translation[..., 0], torch.inf).masked_scatter(worthwhile, found[2])
    lowest, which = costs.min(dim=1)
    wins = lowest < cost
    place = (worthwhile.flatten().cumsum(dim=0) - 1).view_as(worthwhile).gather(1, which[:, None])[:, 0].clamp(min=0)
    return Pose(
        torch.where(wins[:, None, None], found[0][place], rotation),
        torch.where(wins[:, None], found[1][place], translation),
    ), torch.where(wins, lowest, cost)
