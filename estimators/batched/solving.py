"""Poses of many detections by weighted PnP."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ctr_env.estimators.pnp import PnPSolution, solve_pnp
from ctr_env.geometry.batched import poses_from

from .detector import BatchedDetections

__all__ = ["SUSPICIOUS", "SolvedPoses", "solve_detections"]

SUSPICIOUS = 16.0
"""Squared error, in units of its variance, that calls for a search for outliers."""


class SolvedPoses(NamedTuple):
    """Poses of N images; placeholders where not valid."""

    camera_T_base: Tensor
    """``(N, 4, 4)``."""
    covariance: Tensor
    """``(N, 6, 6)`` of the fits."""
    rms_px: Tensor
    """``(N,)`` weighted root mean square reprojection errors, pixels."""
    valid: Tensor
    """``(N,)`` bool."""

    @classmethod
    def of(cls, found: PnPSolution) -> SolvedPoses:
        """The poses of a solution."""
        return cls(poses_from(found.rotation, found.translation), found.covariance, found.rms_px, found.valid)


@torch.inference_mode()
def solve_detections(
    found: BatchedDetections, used: Tensor, points: Tensor, intrinsics: Tensor, start: Tensor | None
) -> SolvedPoses:
    """Poses of detections, in the way of :mod:`ctr_env.estimators.ctrnet.solving`.

    Args:
        found: The detections.
        used: ``(N, K)`` bool keypoints that enter.
        points: ``(N, K, 3)`` keypoints in the base frame, metres.
        intrinsics: ``(N, 4)`` fx, fy, cx, cy, pixels.
        start: ``(N, 4, 4)`` prior poses, whose neighbourhoods are searched first; ``None``: all poses are searched.
    """
    weights = torch.where(used, 1.0 / found.variance, 0.0)
    problem = (found.pixels, points, weights, intrinsics)
    if start is None:
        first = SolvedPoses.of(solve_pnp(*problem))
    else:
        first = SolvedPoses.of(solve_pnp(*problem, start=(start[:, :3, :3], start[:, :3, 3]), local=True))
    seen = points @ first.camera_T_base[:, :3, :3].mT + first.camera_T_base[:, None, :3, 3]
    pixels = seen[..., :2] / seen[..., 2:] * intrinsics[:, None, :2] + intrinsics[:, None, 2:]
    errors = torch.where(used, weights * (pixels - found.pixels).square().sum(dim=2), 0.0)
    rows = (~first.valid | (errors.amax(dim=1) > SUSPICIOUS)).nonzero()[:, 0]
    if not len(rows):
        return first
    again = SolvedPoses.of(solve_pnp(*(part[rows] for part in problem), robust=True))
    return SolvedPoses(*(part.index_put((rows,), new) for part, new in zip(first, again, strict=True)))
