"""Levenberg-Marquardt on the reprojection error, batched."""

from __future__ import annotations

import torch
from torch import Tensor

from .reprojection import Expansion, Problem, expand, rotated

__all__ = ["FIRST_DAMPING", "ITERATIONS", "SMALL", "newton_step", "refine", "step_size"]

ITERATIONS = 30
"""Most steps of a descent."""
SMALL = 1e-4
"""Step, radians and shares of the distance, after which one more Newton step is exact up to rounding."""
FIRST_DAMPING = 1e-4
"""Damping of the first step, relative to the diagonal."""
_HOPE = 2.0  # most that a step is expected to lower the cost, per predicted slope; a quadratic cost gives 0.5


def refine(
    problem: Problem, rotation: Tensor, translation: Tensor, bar: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Descend to local minima of the cost; a converged pose stays unchanged while others continue.

    Steps are Newton's where the damped Hessian is positive definite, so that convergence is quadratic even with large
    residuals, and Gauss-Newton's elsewhere. Steps that raise the cost or move a point behind the camera are rejected.

    Args:
        problem: N problems; best with points centred on the origin.
        rotation: ``(N, 3, 3)`` starts, with every point in front of the camera.
        translation: ``(N, 3)`` metres.
        bar: ``(N,)`` costs to beat: a pose stops once it is not expected to become as low.

    Returns:
        Rotations ``(N, 3, 3)``, translations ``(N, 3)`` and costs ``(N,)``.
    """
    state = expand(problem, rotation, translation)
    damping = torch.full_like(state.cost, FIRST_DAMPING)
    distance = torch.linalg.vector_norm(translation, dim=1)
    arrived = ~torch.isfinite(state.cost)
    for _ in range(ITERATIONS):
        step = newton_step(state, damping)
        moved = rotated(rotation, step[:, 3:]), translation + step[:, :3]
        trial = expand(problem, *moved)
        better = (trial.cost <= state.cost) & ~arrived
        arrived = arrived | ((step_size(step, distance) < SMALL) & (damping <= FIRST_DAMPING))
        if bar is not None:
            arrived = arrived | (state.cost + _HOPE * (step * state.gradient).sum(dim=1) > bar)
        rotation = torch.where(better[:, None, None], moved[0], rotation)
        translation = torch.where(better[:, None], moved[1], translation)
        state = Expansion(*(_choose(better, new, old) for new, old in zip(trial, state, strict=True)))
        if bool(arrived.all()):
            break
        damping = torch.where(better, 0.1 * damping, 10.0 * damping).clamp(1e-12, 1e12)
    return rotation, translation, state.cost


def newton_step(state: Expansion, damping: Tensor) -> Tensor:
    """Damped step ``(N, 6)``; the damping ``(N,)`` is relative to the diagonal.

    Newton's where the damped Hessian is positive definite, else Gauss-Newton's, else NaN, which no caller accepts.
    """
    ridge = torch.diag_embed(damping[:, None] * state.information.diagonal(dim1=1, dim2=2))
    factor, failed = torch.linalg.cholesky_ex(state.hessian + ridge)
    if bool(failed.any()):
        convex = torch.where(failed[:, None, None] > 0, state.information, state.hessian)
        factor, failed = torch.linalg.cholesky_ex(convex + ridge)
        factor = torch.where(failed[:, None, None] > 0, torch.nan, factor)
    return torch.cholesky_solve(-state.gradient[..., None], factor)[..., 0]


def step_size(step: Tensor, distance: Tensor) -> Tensor:
    """Size ``(N,)`` of steps: the larger of rotation, rad, and translation as a share of the distance ``(N,)``."""
    return torch.maximum(
        torch.linalg.vector_norm(step[:, :3], dim=1) / distance, torch.linalg.vector_norm(step[:, 3:], dim=1)
    )


def _choose(mask: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(mask.view(-1, *[1] * (a.dim() - 1)), a, b)
