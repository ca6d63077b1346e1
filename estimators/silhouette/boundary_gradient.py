"""Silhouettes as a differentiable function of the edges that bound them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .coverage import coverages

__all__ = ["Silhouette"]


class Silhouette(torch.autograd.Function):
    """Forward: the union of triangles. Backward: the boundary integral over candidate edges of the contour."""

    @staticmethod
    def forward(  # noqa: D102 - see the class
        ctx: Any, segments: Tensor, segment_rows: Tensor, triangles: Tensor, triangle_rows: Tensor,
        shape: tuple[int, int, int],
    ) -> Tensor:  # fmt: skip
        covered = coverages(triangles, triangle_rows, shape)
        ctx.save_for_backward(segments, segment_rows, covered)
        return covered.to(segments.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102 - see the class
        segments, rows, covered = ctx.saved_tensors
        along = (segments[:, 1] - segments[:, 0]).abs()
        steep = along[:, 1] >= along[:, 0]
        total = _across_rows(segments, rows, steep, covered, gradient)
        # shallow edges cross columns as steep ones cross rows, with x and y exchanged
        transposed = _across_rows(segments.flip(-1), rows, ~steep, covered.mT, gradient.mT)
        total += transposed.flip(-1)
        return total, None, None, None, None


def _across_rows(ends: Tensor, rows: Tensor, wanted: Tensor, covered: Tensor, gradient: Tensor) -> Tensor:
    """Gradient ``(S, 2, 2)`` of a loss by the ends of edges, from their crossings with rows of pixel centres.

    Args:
        ends: ``(S, 2, 2)`` pixels.
        rows: ``(S,)`` image of each.
        wanted: ``(S,)`` bool, edges that receive a gradient; the others only occlude.
        covered: ``(B, H, W)`` bool.
        gradient: ``(B, H, W)`` gradient of the loss by the masks.
    """
    _, height, width = covered.shape
    top, bottom = ends[..., 1].amin(dim=1), ends[..., 1].amax(dim=1)
    first = torch.ceil(top - 0.5).clamp(0, height).long()
    count = torch.ceil(bottom - 0.5).clamp(0, height).long() - first
    owner = torch.repeat_interleave(count)
    line = torch.arange(len(owner), device=owner.device) - (count.cumsum(0) - count)[owner] + first[owner]
    a, b = ends[owner].unbind(dim=1)
    fall = b[:, 1] - a[:, 1]  # not zero, since the edge crosses the row of centres
    share = (line + 0.5 - a[:, 1]) / fall
    x = a[:, 0] + share * (b[:, 0] - a[:, 0])
    left = torch.floor(x - 0.5).long()  # last pixel whose centre lies before the crossing
    pair = (left >= 0) & (left < width - 1)
    base = (rows[owner] * height + line) * width + left.clamp(0, width - 2)
    inside_left, inside_right = covered.flatten()[base], covered.flatten()[base + 1]
    kept = _outermost(x, base, pair & (inside_left != inside_right), inside_left, covered.numel())
    kept = kept[wanted[owner[kept]]]
    owner, x, left, base, share, a, b, fall = (v[kept] for v in (owner, x, left, base, share, a, b, fall))
    near = x - 0.5 - left
    flat = gradient.flatten()
    strength = flat[base] * (1.0 - near) + flat[base + 1] * near
    strength = torch.where(inside_left[kept], strength, -strength)  # moving to the right covers more, or less
    slope = (b[:, 0] - a[:, 0]) / fall
    by_x = torch.stack([(1.0 - share) * strength, share * strength], dim=1)
    found = torch.stack([by_x, -slope[:, None] * by_x], dim=2)
    return torch.zeros_like(ends).index_add_(0, owner, found.to(ends.dtype))


def _outermost(x: Tensor, pair: Tensor, valid: Tensor, inside_left: Tensor, cells: int) -> Tensor:
    """Numbers of the outermost crossings among those between the same two pixels."""
    numbers = valid.nonzero()[:, 0]
    outwards = torch.where(inside_left, x, -x)[numbers]
    farthest = torch.full((cells,), -torch.inf, dtype=x.dtype, device=x.device)
    farthest.scatter_reduce_(0, pair[numbers], outwards, "amax")
    best = outwards == farthest[pair[numbers]]
    # among equal ones the first: a corner shared by two triangles must not count twice
    chosen = numbers[best]
    first = torch.full((cells,), len(x), dtype=torch.long, device=x.device)
    first.scatter_reduce_(0, pair[chosen], chosen, "amin")
    return chosen[first[pair[chosen]] == chosen]
