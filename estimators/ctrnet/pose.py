"""From detected points to a pose: lens distortion removed, weights from variances, PnP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.pnp import PnPSolution, solve_pnp
from ctr_env.geometry import PinholeCamera

from .detector import Detection

__all__ = ["PoseFit", "poses_from_points"]

_SUSPICIOUS = 16.0  # squared error, in units of its variance, that calls for a search for outliers


@dataclass(frozen=True)
class PoseFit:
    """A pose with its fit.

    Attributes:
        rotation: ``(3, 3)`` camera_R_base.
        translation: ``(3,)`` metres.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        rms_px: Weighted root mean square reprojection error, pixels.
        status: Why there is no pose; empty if there is.
    """

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    covariance: NDArray[np.float64]
    rms_px: float
    status: str


def poses_from_points(
    detections: Sequence[Detection],
    points: NDArray[np.float64],
    used: NDArray[np.bool_],
    cameras: Sequence[PinholeCamera],
    starts: Sequence[RigidTransform | None],
) -> list[PoseFit]:
    """Poses of N images.

    Where a start explains the points, the solution is sought in its neighbourhood alone; where points contradict what
    is found, among all poses and without the points that contradict most others.

    Args:
        detections: What was found.
        points: ``(N, K, 3)`` the same points in the base frame, metres.
        used: ``(N, K)`` bool, which of them count.
        cameras: Their intrinsics.
        starts: About what each ``camera_T_base`` should be, or ``None``.
    """
    pixels = np.stack([undistorted(d.pixels, camera) for d, camera in zip(detections, cameras, strict=True)])
    weights = np.where(used, 1.0 / np.stack([d.variance for d in detections]), 0.0)
    intrinsics = np.array([[c.fx, c.fy, c.cx, c.cy] for c in cameras])
    problems = [pixels, points, weights, intrinsics]
    with torch.inference_mode(), _one_thread():
        known = [start for start in starts if start is not None]
        start = _start(known) if len(known) == len(starts) else None
        fits = _fits(solve_pnp(*map(torch.from_numpy, problems), start=start, local=start is not None))
        rows = [i for i, fit in enumerate(fits) if _suspicious(fit, *(part[i] for part in problems))]
        if rows:
            again = _fits(solve_pnp(*(torch.from_numpy(part[rows]) for part in problems), robust=True))
            for row, fit in zip(rows, again, strict=True):
                fits[row] = fit
    return fits


def undistorted(pixels: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
    """``(K, 2)`` pixels of the same camera without its lens distortion."""
    if not camera.distortion:
        return pixels
    K, distortion = camera.matrix, np.array(camera.distortion)
    return np.asarray(cv2.undistortPoints(pixels[:, None], K, distortion, P=K)[:, 0])


def _fits(found: PnPSolution) -> list[PoseFit]:
    parts = (found.rotation, found.translation, found.covariance, found.rms_px)
    return [
        PoseFit(R, t, covariance, float(rms), status)
        for R, t, covariance, rms, status in zip(*(part.numpy() for part in parts), found.status, strict=True)
    ]


def _start(poses: Sequence[RigidTransform]) -> tuple[torch.Tensor, torch.Tensor]:
    matrices = torch.from_numpy(np.stack([pose.as_matrix() for pose in poses]))
    return matrices[:, :3, :3], matrices[:, :3, 3]


def _suspicious(
    fit: PoseFit,
    pixels: NDArray[np.float64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
) -> bool:
    """Whether there is no pose, or a point lies farther from it than its variance allows."""
    if fit.status:
        return True
    seen = points @ fit.rotation.T + fit.translation
    errors = seen[:, :2] / seen[:, 2:] * intrinsics[:2] + intrinsics[2:] - pixels
    return bool(np.max(weights * np.sum(errors**2, axis=1), where=weights > 0.0, initial=0.0) > _SUSPICIOUS)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small problems are solved faster by one thread than by several that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
