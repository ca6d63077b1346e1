"""Uncertainty of projected keypoints: the covariance of a pose as ellipses in the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera

__all__ = ["ellipse_contours", "pixel_covariances"]

_SCALE_95 = 2.4477  # standard deviations of a 95 % region in the plane: sqrt(-2 ln 0.05)
_STEP_M = 1e-5


def pixel_covariances(
    camera: PinholeCamera,
    camera_T_base: RigidTransform,
    covariance: NDArray[np.float64],
    points: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Covariances of the projections of points that are fixed to the base, to first order.

    Args:
        camera: Intrinsics.
        camera_T_base: Estimated pose.
        covariance: ``(6, 6)`` as :attr:`ctr_env.estimators.PoseEstimate.covariance`: translation and rotation vector in
            camera axes at the base origin.
        points: ``(N, 3)`` in the base frame, metres.

    Returns:
        ``(N, 2, 2)`` square pixels.
    """
    in_camera = camera_T_base.apply(points)
    arms = in_camera - camera_T_base.translation
    found = np.empty((len(points), 2, 2))
    for i, (point, arm) in enumerate(zip(in_camera, arms, strict=True)):
        steps = _STEP_M * np.eye(3)
        projection = (camera.project(point + steps) - camera.project(point - steps)).T / (2 * _STEP_M)  # (2, 3)
        x, y, z = arm
        rotation = np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # rotation vector to displacement: w × arm
        motion = projection @ np.hstack([np.eye(3), rotation])
        found[i] = motion @ covariance @ motion.T
    return found


def ellipse_contours(
    centres: NDArray[np.float64], covariances: NDArray[np.float64], corners: int = 33
) -> NDArray[np.float64]:
    """Contours of the 95 % regions of normal distributions.

    Args:
        centres: ``(N, 2)`` means.
        covariances: ``(N, 2, 2)``.
        corners: Number of points of a contour; the last is the first.

    Returns:
        ``(N, corners, 2)``.
    """
    angle = np.linspace(0.0, 2.0 * np.pi, corners)
    circle = _SCALE_95 * np.stack([np.cos(angle), np.sin(angle)])
    sizes, axes = np.linalg.eigh(covariances)
    roots = axes * np.sqrt(np.maximum(sizes, 0.0))[:, None, :]
    return np.asarray(centres)[:, None, :] + np.swapaxes(roots @ circle, 1, 2)
