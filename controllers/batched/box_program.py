"""Small convex quadratic programs with bounds, many at once."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["minimise_in_box"]

_ITERATIONS = 20
"""Steps of the active-set method. With seven variables few programs take more than twelve."""
_SLACK = 1e-12
"""Relative rounding of a slope that counts as none."""


def minimise_in_box(hessian: Tensor, gradient: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Minimise ``x H x / 2 + g x`` for ``low <= x <= high``.

    The primal active-set method (J. Nocedal, S. Wright, "Numerical Optimization", 2006, section 16.5), exact once it
    has arrived, with a fixed number of steps so that a device is never waited for. It starts at the free minimum,
    projected. Each step goes to the minimum among the variables that are not held, or to the first bound in the way,
    whose variable is held from then on; at the minimum, the held variable that would lower the cost most is released.
    The cost never rises, so that a program which needs more steps ends near its minimum.

    Args:
        hessian: ``(N, n, n)`` positive definite.
        gradient: ``(N, n)`` of the cost at zero.
        low: ``(N, n)`` lower bounds.
        high: ``(N, n)`` upper bounds, not below the lower ones.

    Returns:
        ``(N, n)``.
    """
    free = _descend(hessian, gradient, torch.zeros_like(gradient, dtype=torch.bool))
    x = torch.minimum(torch.maximum(free, low), high)
    held = (x <= low) | (x >= high)
    for _ in range(_ITERATIONS):
        slope = (hessian @ x[..., None])[..., 0] + gradient
        step = _descend(hessian, slope, held)
        room = torch.where(step > 0.0, high - x, low - x) / torch.where(step == 0.0, 1.0, step)
        room = torch.where(step == 0.0, torch.inf, room)
        nearest = room.amin(dim=1, keepdim=True)
        blocked = nearest < 1.0
        x = torch.minimum(torch.maximum(x + nearest.clamp(0.0, 1.0) * step, low), high)
        hits = blocked & (room <= nearest)
        x = torch.where(hits, torch.where(step > 0.0, high, low), x)
        held = (held | hits) & ~(_most_wrong(hessian, gradient, x, held & (low < high), low) & ~blocked)
    return x


def _descend(hessian: Tensor, slope: Tensor, held: Tensor) -> Tensor:
    """``(N, n)`` Newton steps of the variables that are not held."""
    free = (~held).to(hessian.dtype)
    reduced = hessian * free[:, :, None] * free[:, None] + torch.diag_embed(1.0 - free)
    root, _ = torch.linalg.cholesky_ex(reduced)
    return -torch.cholesky_solve((slope * free)[..., None], root)[..., 0] * free


def _most_wrong(hessian: Tensor, gradient: Tensor, x: Tensor, held: Tensor, low: Tensor) -> Tensor:
    """``(N, n)`` bool: of the held variables whose cost falls away from their bound, the one with the largest slope."""
    product = (hessian @ x[..., None])[..., 0]
    slope = product + gradient
    gain = torch.where(held, torch.where(x <= low, -slope, slope), -torch.inf)
    rounding = _SLACK * (product.abs() + gradient.abs())
    wrong = gain > rounding
    return wrong & (gain >= torch.where(wrong, gain, -torch.inf).amax(dim=1, keepdim=True))
