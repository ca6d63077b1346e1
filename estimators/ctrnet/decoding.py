"""Keypoints and their spread from heatmaps.

A heatmap of ``h`` x ``w`` cells covers an image of ``H`` x ``W`` pixels. By the rule that pixel centres lie at integer
+ 0.5, the centre of cell ``(i, j)`` lies at ``((j + 0.5) W / w, (i + 0.5) H / h)``: the cells tile the image.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cell_centres", "expected_deviation", "expected_position", "mass_near", "soft_argmax", "spatial_softmax"]


def soft_argmax(heatmap_logits: Tensor, input_size: tuple[int, int]) -> Tensor:
    """Expected position under the spatial softmax of each heatmap.

    Args:
        heatmap_logits: ``(B, K, h, w)``.
        input_size: Width and height of the network's input, pixels.

    Returns:
        ``(B, K, 2)`` continuous pixels x, y of the network's input.
    """
    width, height = input_size
    columns = cell_centres(heatmap_logits.shape[-1], width, heatmap_logits.device)
    rows = cell_centres(heatmap_logits.shape[-2], height, heatmap_logits.device)
    return expected_position(spatial_softmax(heatmap_logits), columns, rows)


def cell_centres(cells: int, length: int, device: torch.device | None = None) -> Tensor:
    """Centres, pixels, of ``cells`` equal cells that tile ``length`` pixels: ``(cells,)`` float32."""
    return (torch.arange(cells, device=device, dtype=torch.float32) + 0.5) * (length / cells)


def spatial_softmax(heatmap_logits: Tensor) -> Tensor:
    """Probabilities ``(B, K, h, w)`` that sum to one over each map; float32, as half-precision sums lose pixels."""
    return heatmap_logits.float().flatten(-2).softmax(-1).view_as(heatmap_logits)


def expected_position(probabilities: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Mean position of each map.

    Args:
        probabilities: ``(B, K, h, w)``.
        columns: ``(w,)`` x of the cells, pixels.
        rows: ``(h,)`` y of the cells, pixels.

    Returns:
        ``(B, K, 2)`` pixels x, y.
    """
    # Products and sums instead of a matrix product, whose pixels autocast would round to half precision.
    x = (probabilities.sum(-2) * columns).sum(-1)
    y = (probabilities.sum(-1) * rows).sum(-1)
    return torch.stack([x, y], dim=-1)


def expected_deviation(probabilities: Tensor, columns: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    """Mean absolute distance per coordinate from ``points (B, K, 2)``: ``(B, K)`` pixels, averaged over x and y.

    It is the scale of a Laplace distribution that has the map's spread. Other arguments: see :func:`expected_position`.
    """
    across = (probabilities.sum(-2) * (columns - points[..., :1]).abs()).sum(-1)
    down = (probabilities.sum(-1) * (rows - points[..., 1:]).abs()).sum(-1)
    return (across + down) / 2


def mass_near(probabilities: Tensor, columns: Tensor, rows: Tensor, points: Tensor, radius_px: float) -> Tensor:
    """Probability of lying at most ``radius_px`` from ``points (B, K, 2)``: ``(B, K)`` in [0, 1].

    Other arguments: see :func:`expected_position`.
    """
    squared = (rows - points[..., 1:]).square()[..., :, None] + (columns - points[..., :1]).square()[..., None, :]
    return (probabilities * (squared <= radius_px**2)).sum((-2, -1))
