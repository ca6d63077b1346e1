"""Scan conversion: the pixels that triangles cover, or that edges enclose."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["coverages", "enclosed"]


def enclosed(ends: NDArray[np.float64], windings: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels whose centres directed edges wind around.

    Around triangles of one orientation, the windings of the edges between two of them cancel; the others' sum counts
    the triangles above each pixel. So the union of a surface's visible side is found from its few boundary edges.

    Args:
        ends: ``(E, 2, 2)`` ends of edges, pixels.
        windings: ``(E,)`` how often the edge is passed from its first end to its second, less the opposite.
        size: Width and height of the image, pixels.

    Returns:
        ``(H, W)`` bool pixels with another sum than zero.
    """
    width, height = size
    bounds = np.ceil(ends[..., 1] - 0.5).clip(0, height).astype(np.int64)  # first row of pixel centres below each end
    crossing = np.flatnonzero(bounds[:, 0] != bounds[:, 1])
    (first, last), windings = bounds.take(crossing, axis=0).T, windings.take(crossing)
    (x, y), (to_x, to_y) = np.ascontiguousarray(ends.take(crossing, axis=0).transpose(1, 2, 0))
    counts = np.abs(last - first)  # rows that the edge crosses
    slope = (to_x - x) / (to_y - y)
    signs = np.where(first < last, windings, -windings)
    owner = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(owner)) + np.repeat(np.minimum(first, last) - np.cumsum(counts) + counts, counts)
    place = (x + (0.5 - y) * slope).take(owner) + row * slope.take(owner)
    column = (place.clip(0.0, width) + 0.5).astype(np.int64)  # first pixel whose centre lies to the right
    changes = np.bincount(row * (width + 1) + column, weights=signs.take(owner), minlength=height * (width + 1))
    levels = np.cumsum(changes.reshape(height, width + 1)[:, :width].astype(np.int32), axis=1, dtype=np.int32)
    return np.asarray(levels != 0)


def coverages(
    triangles: Tensor, images: Tensor, shape: tuple[int, int, int], precision: torch.dtype = torch.float64
) -> Tensor:
    """Unions of triangles in B images: the pixels whose centres lie in any triangle of their image.

    Each triangle is cut at the height of its middle corner into two shapes with two straight sides each. A shape adds
    one where it begins on a row of pixels and subtracts one where it ends; the running sum along the row counts the
    triangles above each pixel. The work is proportional to the rows that triangles cover, not to their area.

    Args:
        triangles: ``(T, 3, 2)`` continuous pixels.
        images: ``(T,)`` number of the image of each triangle.
        shape: Number of images B, their height and their width, pixels.
        precision: Type in which sides are followed from row to row.

    Returns:
        ``(B, H, W)`` bool.
    """
    batch, height, width = shape
    y, order = triangles[..., 1].sort(dim=1)
    x, y = triangles[..., 0].gather(1, order).T.contiguous(), y.T.contiguous()  # (3, T), by height
    limits = torch.ceil(y - 0.5).clamp(0, height).long()  # first row below each corner
    first = limits[:2]
    count = (limits[1:] - first).flatten()
    long, short = _slope(x, y, 0, 2).expand(2, -1), torch.stack([_slope(x, y, 0, 1), _slope(x, y, 1, 2)])
    x, y, centre = x[:2].double(), y[:2].double(), first.double() + 0.5
    on_long, on_short = x[0] + (centre - y[0]) * long, x + (centre - y) * short

    shape_of = torch.repeat_interleave(count)  # one entry for each row of each shape
    down = torch.arange(len(shape_of), device=count.device) - (count.cumsum(0) - count).index_select(0, shape_of)
    row = first.flatten().index_select(0, shape_of) + down
    if batch > 1:
        row = row + height * images.repeat(2).index_select(0, shape_of)

    def column(start: Tensor, slope: Tensor) -> Tensor:
        """First pixel whose centre lies to the right of a side: number floor(x + 0.5)."""
        start, slope = (part.flatten().to(precision).index_select(0, shape_of) for part in (start, slope))
        return ((start + down.to(precision) * slope).clamp_(0.0, width) + 0.5).to(torch.int32)

    one_side, other_side = column(on_long, long), column(on_short, short)
    changes = torch.zeros(batch * height * (width + 1), dtype=torch.int32, device=row.device)
    ones = torch.ones_like(one_side)
    line = row * (width + 1)
    changes.index_add_(0, line + torch.minimum(one_side, other_side), ones)
    changes.index_add_(0, line + torch.maximum(one_side, other_side), ones, alpha=-1)
    return (changes.view(batch, height, width + 1).cumsum(dim=2)[..., :width] > 0).contiguous()


def _slope(x: Tensor, y: Tensor, upper: int, lower: int) -> Tensor:
    """``(T,)`` float64 change of x by y along the side between two corners; zero for a horizontal side."""
    fall = y[lower] - y[upper]
    return ((x[lower] - x[upper]) / torch.where(fall > 0.0, fall, torch.inf)).double()
