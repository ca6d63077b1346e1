"""Stage 3, solve: camera_T_base from detected keypoints by weighted PnP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ctr_env.estimators.pnp import solve_pnp
from ctr_env.estimators.pnp.single import solve_single
from ctr_env.geometry import pose_from_matrix, pose_matrix, undistort_pixels
from ctr_env.runs.threads import single_threaded

from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["solve"]

_SUSPICIOUS = 16.0  # squared error, in units of its variance, that calls for a search for outliers


class _Problem(NamedTuple):
    """The arguments of a PnP solver for one crop."""

    pixels: NDArray[np.float64]
    """``(K, 2)`` without lens distortion."""
    points: NDArray[np.float64]
    """``(K, 3)`` in the base frame, metres."""
    weights: NDArray[np.float64]
    """``(K,)`` inverse variances, 1/px²; 0 for keypoints that are not used."""
    intrinsics: NDArray[np.float64]
    """``(4,)`` fx, fy, cx, cy, pixels."""


def solve(views: Sequence[RobotView], detected: Sequence[tuple[int, PoseHypothesis]]) -> dict[int, PoseHypothesis]:
    """Poses of detections, each keypoint weighted by the inverse of its predicted variance (paper, section 3.2).

    Where a hypothesis has a prior, the solution is sought in its neighbourhood. A solution that keypoints contradict is
    replaced by a robust one: a search among all poses without the keypoints that contradict most others.

    Args:
        views: The images.
        detected: Image number and hypothesis of each crop.

    Returns:
        One hypothesis for each image: that of the crop with the most confident keypoints.
    """
    problems = [_problem(views[i], hypothesis) for i, hypothesis in detected]
    solved = [h if h.prior is None else _near_prior(h, p) for (_, h), p in zip(detected, problems, strict=True)]
    _search(solved, problems, [i for i, h in enumerate(solved) if h.prior is None], robust=False)
    _search(solved, problems, [i for i, h in enumerate(solved) if _suspicious(h, *problems[i])], robust=True)
    best: dict[int, PoseHypothesis] = {}
    for (i, _), hypothesis in zip(detected, solved, strict=True):
        if i not in best or _mean_confidence(hypothesis) > _mean_confidence(best[i]):
            best[i] = hypothesis
    return best


def _problem(view: RobotView, hypothesis: PoseHypothesis) -> _Problem:
    camera, found = view.camera, hypothesis.detected
    pixels = undistort_pixels(found.pixels, camera)
    used = hypothesis.used & np.isfinite(pixels).all(axis=1)  # a lens may have no ray there
    return _Problem(
        np.where(used[:, None], pixels, 0.0),
        view.keypoints,
        np.where(used, 1.0 / found.variance, 0.0),
        np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
    )


def _near_prior(hypothesis: PoseHypothesis, problem: _Problem) -> PoseHypothesis:
    assert hypothesis.prior is not None
    T = hypothesis.prior.as_matrix()
    found = solve_single(*problem, start=(T[:3, :3], T[:3, 3]))
    return _with_pose(hypothesis, found.rotation, found.translation, found.covariance, found.rms_px, found.status)


def _search(solved: list[PoseHypothesis], problems: Sequence[_Problem], rows: Sequence[int], robust: bool) -> None:
    """Replace the poses of some hypotheses by those of a search among all poses."""
    if not rows:
        return
    parts = (torch.from_numpy(np.stack(part)) for part in zip(*(problems[i] for i in rows), strict=True))
    with torch.inference_mode(), single_threaded():
        found = solve_pnp(*parts, robust=robust)
    R, t, covariance, rms_px = (
        part.numpy() for part in (found.rotation, found.translation, found.covariance, found.rms_px)
    )
    for i, row in enumerate(rows):
        solved[row] = _with_pose(solved[row], R[i], t[i], covariance[i], float(rms_px[i]), found.status[i])


def _with_pose(
    hypothesis: PoseHypothesis,
    R: NDArray[np.float64],
    t: NDArray[np.float64],
    covariance: NDArray[np.float64],
    rms_px: float,
    status: str,
) -> PoseHypothesis:
    pose = pose_from_matrix(pose_matrix(R, t))
    return replace(hypothesis, camera_T_base=pose, covariance=covariance, rms_px=rms_px, status=status)


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
    T = hypothesis.camera_T_base.as_matrix()
    seen = points @ T[:3, :3].T + T[:3, 3]
    errors = seen[:, :2] / seen[:, 2:] * intrinsics[:2] + intrinsics[2:] - pixels
    return bool(np.max(weights * np.sum(errors**2, axis=1), where=weights > 0.0, initial=0.0) > _SUSPICIOUS)


def _mean_confidence(hypothesis: PoseHypothesis) -> float:
    """Mean confidence of the keypoints, 0 to 1; 0 where PnP failed."""
    return float(hypothesis.detected.confidence.mean()) if hypothesis.located else 0.0
