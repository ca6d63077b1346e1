"""Clipping of triangles and edges at the camera's near plane, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["NEAR", "clipped_edges", "clipped_triangles"]

NEAR = 0.05
"""Distance of the near plane, metres: nearer parts of the robot are not drawn and have no contour."""


def clipped_edges(ends: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The parts of edges beyond the near plane.

    Args:
        ends: ``(N, 2, 3)`` camera-frame points, metres.
        rows: ``(N,)`` image of each.

    Returns:
        ``(M, 2, 3)`` and ``(M,)``.
    """
    beyond = ends[..., 2] > NEAR
    kept = beyond.any(dim=1)
    ends, rows, beyond = ends[kept], rows[kept], beyond[kept]
    if bool(beyond.all()):
        return ends, rows
    a, b = ends.unbind(dim=1)
    cut = _cut(a, b)
    first, second = (torch.where(beyond[:, i, None], end, cut) for i, end in enumerate((a, b)))
    return torch.stack([first, second], dim=1), rows


def clipped_triangles(corners: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The parts of triangles beyond the near plane, and the edges along which they are clipped.

    Args:
        corners: ``(N, 3, 3)`` camera-frame points, metres.
        rows: ``(N,)`` image of each.

    Returns:
        Triangles ``(M, 3, 3)``, their images ``(M,)``, cuts ``(C, 2, 3)``, their images ``(C,)``.
    """
    count = (corners[..., 2] > NEAR).sum(dim=1)
    whole, crossing = count == 3, (count > 0) & (count < 3)
    if not bool(crossing.any()):
        nothing = corners.new_zeros(0, 2, 3), rows.new_zeros(0)
        return corners[whole], rows[whole], *nothing
    parts, cuts, part_rows, cut_rows = [corners[whole]], [], [rows[whole]], []
    for wanted in (1, 2):
        chosen = count == wanted
        ordered = _first_alone(corners[chosen], alone_is_beyond=wanted == 1)
        a, b, c = ordered.unbind(dim=1)
        left, right = _cut(a, b), _cut(a, c)
        pieces = [(a, left, right)] if wanted == 1 else [(left, b, c), (left, c, right)]
        parts += [torch.stack(piece, dim=1) for piece in pieces]
        part_rows += [rows[chosen]] * len(pieces)
        cuts.append(torch.stack([left, right], dim=1))
        cut_rows.append(rows[chosen])
    return torch.cat(parts), torch.cat(part_rows), torch.cat(cuts), torch.cat(cut_rows)


def _first_alone(corners: Tensor, alone_is_beyond: bool) -> Tensor:
    """Corners ``(N, 3, 3)`` in the same cyclic order, starting with the only one on its side of the near plane."""
    beyond = corners[..., 2] > NEAR
    alone = (beyond if alone_is_beyond else ~beyond).to(torch.uint8).argmax(dim=1)
    order = (alone[:, None] + torch.arange(3, device=corners.device)) % 3
    return corners.gather(1, order[..., None].expand_as(corners))


def _cut(a: Tensor, b: Tensor) -> Tensor:
    """Intersections of segments ``a`` to ``b (N, 3)`` with the near plane; any finite point where there is none."""
    fall = b[:, 2] - a[:, 2]
    share = (NEAR - a[:, 2]) / torch.where(fall.abs() > 1e-12, fall, torch.ones_like(fall))
    return a + share.clamp(0.0, 1.0)[:, None] * (b - a)
