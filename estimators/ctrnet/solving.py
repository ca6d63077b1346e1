"""Stage 3, solve: camera_T_base from detected keypoints by weighted PnP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators.pnp import PnPSolution, solve_pnp
from ctr_env.geometry import transform, undistort_pixels
from ctr_env.runs.threads import single_threaded

from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["solve"]

_SUSPICIOUS = 16.0  # squared error, in units of its variance, that calls for a search for outliers


def solve(views: Sequence[RobotView], detected: Sequence[tuple[int, PoseHypothesis]]) -> dict[int, PoseHypothesis]:
    """Poses of detections, each keypoint weighted by the inverse of its predicted variance (paper, section 3.2).

    Where every hypothesis has a prior, the solution is sought in the priors' neighbourhood. A solution that keypoints
    contradict is replaced by a robust one: a search among all poses without the keypoints that contradict most others.

    Args:
        views: The images.
        detected: Image number and hypothesis of each crop.

    Returns:
        One hypothesis for each image: that of the crop with the most confident keypoints.
    """
    if not detected:
        return {}
    hypotheses, seen = [h for _, h in detected], [views[i] for i, _ in detected]
    problems = _problems(seen, hypotheses)
    with torch.inference_mode(), single_threaded():
        priors = [h.prior for h in hypotheses if h.prior is not None]
        start = _start(priors) if len(priors) == len(hypotheses) else None
        found = solve_pnp(*map(torch.from_numpy, problems), start=start, local=start is not None)
        solved = [_with_row(h, found, i) for i, h in enumerate(hypotheses)]
        rows = [i for i, h in enumerate(solved) if _suspicious(h, *(part[i] for part in problems))]
        if rows:
            again = solve_pnp(*(torch.from_numpy(part[rows]) for part in problems), robust=True)
            for i, row in enumerate(rows):
                solved[row] = _with_row(hypotheses[row], again, i)
    best: dict[int, PoseHypothesis] = {}
    for (i, _), hypothesis in zip(detected, solved, strict=True):
        if i not in best or _mean_confidence(hypothesis) > _mean_confidence(best[i]):
            best[i] = hypothesis
    return best


def _problems(views: Sequence[RobotView], hypotheses: Sequence[PoseHypothesis]) -> list[NDArray[np.float64]]:
    """Pixels ``(N, K, 2)``, points ``(N, K, 3)``, weights ``(N, K)`` and intrinsics ``(N, 4)`` for ``solve_pnp``."""
    pixels = np.stack([undistort_pixels(h.detected.pixels, v.camera) for v, h in zip(views, hypotheses, strict=True)])
    used = np.stack([h.used for h in hypotheses]) & np.isfinite(pixels).all(axis=2)  # a lens may have no ray there
    pixels = np.where(used[..., None], pixels, 0.0)
    weights = np.where(used, 1.0 / np.stack([h.detected.variance for h in hypotheses]), 0.0)
    intrinsics = np.array([[v.camera.fx, v.camera.fy, v.camera.cx, v.camera.cy] for v in views])
    return [pixels, np.stack([view.keypoints for view in views]), weights, intrinsics]


def _with_row(hypothesis: PoseHypothesis, found: PnPSolution, row: int) -> PoseHypothesis:
    R, t = found.rotation[row].numpy(), found.translation[row].numpy()
    return replace(
        hypothesis,
        camera_T_base=transform(t, Rotation.from_matrix(R)),
        covariance=found.covariance[row].numpy(),
        rms_px=float(found.rms_px[row]),
        status=found.status[row],
    )


def _start(poses: Sequence[RigidTransform]) -> tuple[torch.Tensor, torch.Tensor]:
    matrices = torch.from_numpy(np.stack([pose.as_matrix() for pose in poses]))
    return matrices[:, :3, :3], matrices[:, :3, 3]


def _suspicious(
    hypothesis: PoseHypothesis,
    pixels: NDArray[np.float64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
) -> bool:
    """Whether PnP failed, or a keypoint lies farther from its projection than its variance allows."""
    if hypothesis.status:
        return True
    seen = hypothesis.camera_T_base.apply(points)
    errors = seen[:, :2] / seen[:, 2:] * intrinsics[:2] + intrinsics[2:] - pixels
    return bool(np.max(weights * np.sum(errors**2, axis=1), where=weights > 0.0, initial=0.0) > _SUSPICIOUS)


def _mean_confidence(hypothesis: PoseHypothesis) -> float:
    """Mean confidence of the keypoints, 0 to 1; 0 where PnP failed."""
    return float(hypothesis.detected.confidence.mean()) if hypothesis.located else 0.0
