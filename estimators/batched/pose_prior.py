"""Rendered pose priors of many worlds on one device."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ctr_env.estimators.ctrnet.pose_prior import DISC, FARTHEST, LINE, prior_colours

__all__ = ["draw_pose_priors"]


def draw_pose_priors(pixels: Tensor, chain: int, size: tuple[int, int]) -> Tensor:
    """Lines along the arm and a disc at every keypoint.

    As :func:`~ctr_env.estimators.ctrnet.pose_prior.draw_pose_prior`, but for some pixels at the edges, which OpenCV
    draws otherwise.

    Args:
        pixels: ``(N, K, 2)`` keypoints, continuous pixels of the network's input; NaN behind the camera.
        chain: Number of leading keypoints that are joined by lines.
        size: Width and height of the input, pixels.

    Returns:
        ``(N, 3, h, w)`` float32, 0 to 1.
    """
    width, height = size
    known = (pixels.isfinite() & (pixels.nan_to_num().abs() < FARTHEST * max(size))).all(dim=2)
    places = pixels.nan_to_num().clamp(-FARTHEST * max(size), FARTHEST * max(size)).float()
    colours = torch.tensor(prior_colours(pixels.shape[1]), dtype=torch.float32, device=pixels.device) / 255.0
    canvas = torch.zeros(len(pixels), height, width, 3, device=pixels.device)
    x = torch.arange(width, device=pixels.device) + 0.5
    y = (torch.arange(height, device=pixels.device) + 0.5)[:, None]
    thickness = max(1, round(LINE * height))
    half = thickness // 2 + thickness % 2 + 0.5  # what OpenCV paints of a line of that thickness
    for i in range(chain - 1):
        inside = _near_segment(x, y, places[:, i], places[:, i + 1]) <= half
        inside = inside & known[:, i : i + 2].all(dim=1)[:, None, None]
        canvas = torch.where(inside[..., None], colours[i], canvas)
    return _with_discs(canvas, places, known, colours, DISC * height + 0.25).permute(0, 3, 1, 2)


def _near_segment(x: Tensor, y: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """``(N, h, w)`` distances of pixels from segments between ``(N, 2)`` points."""
    (ax, ay), (bx, by) = ((p[:, None, None] for p in point.unbind(dim=1)) for point in (start, end))
    dx, dy = bx - ax, by - ay
    along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy).clamp(min=1e-6)).clamp(0.0, 1.0)
    return torch.hypot(x - ax - along * dx, y - ay - along * dy)


def _with_discs(canvas: Tensor, places: Tensor, known: Tensor, colours: Tensor, radius: float) -> Tensor:
    """Discs drawn over ``(N, h, w, 3)`` images in the order of the keypoints; pixels outside go to a spare row."""
    count, height, width, _ = canvas.shape
    flat = torch.cat([canvas.flatten(1, 2), canvas.new_zeros(count, 1, 3)], dim=1)
    reach = math.ceil(radius)
    steps = torch.arange(-reach, reach + 1, device=canvas.device)
    window = torch.cartesian_prod(steps, steps)
    worlds = torch.arange(count, device=canvas.device)[:, None]
    for k, colour in enumerate(colours):
        cells = places[:, k, None].floor().long() + window
        distance = torch.linalg.vector_norm(cells + 0.5 - places[:, k, None], dim=2)
        inside = ((cells >= 0) & (cells < cells.new_tensor([width, height]))).all(dim=2)
        drawn = inside & (distance <= radius) & known[:, k, None]
        index = torch.where(drawn, cells[..., 1] * width + cells[..., 0], height * width)
        flat[worlds, index] = colour
    return flat[:, :-1].view(count, height, width, 3)
