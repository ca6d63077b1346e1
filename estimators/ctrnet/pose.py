"""From detected points to a pose: lens distortion removed, weights from variances, PnP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ctr_env.estimators.pnp import solve_pnp
from ctr_env.geometry import PinholeCamera

from .inference import Detection

__all__ = ["PoseFit", "poses_from_points"]


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


@torch.inference_mode()
def poses_from_points(
    detections: Sequence[Detection],
    points: NDArray[np.float64],
    used: NDArray[np.bool_],
    cameras: Sequence[PinholeCamera],
) -> list[PoseFit]:
    """Poses of N pictures.

    Args:
        detections: What was found.
        points: ``(N, K, 3)`` the same points in the base frame, metres.
        used: ``(N, K)`` bool, which of them count.
        cameras: Their intrinsics.
    """
    pixels = np.stack([undistorted(d.pixels, camera) for d, camera in zip(detections, cameras, strict=True)])
    weights = np.where(used, 1.0 / np.stack([d.variance for d in detections]), 0.0)
    intrinsics = np.array([[c.fx, c.fy, c.cx, c.cy] for c in cameras])
    found = solve_pnp(*(torch.from_numpy(a) for a in (pixels, points, weights, intrinsics)), robust=True)
    return [
        PoseFit(R, t, covariance, float(rms), status)
        for R, t, covariance, rms, status in zip(
            found.rotation.numpy(), found.translation.numpy(), found.covariance.numpy(), found.rms_px, found.status,
            strict=True,
        )
    ]  # fmt: skip


def undistorted(pixels: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
    """``(K, 2)`` pixels of the same camera without its lens distortion."""
    if not camera.distortion:
        return pixels
    K, distortion = camera.matrix, np.array(camera.distortion)
    return np.asarray(cv2.undistortPoints(pixels[:, None], K, distortion, P=K)[:, 0])
