"""The error of a pose that follows from errors of camera model, joint angles and keypoints, by projection and PnP."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import PinholeCamera, transform

from .board_pose import BoardCorners, BoardPose, reprojection_jacobian

__all__ = ["Reprojected", "reprojected_pose"]

_FEWEST = 4


class Reprojected(NamedTuple):
    """A pose that PnP finds from projected points."""

    pose: RigidTransform
    """``camera_T_base`` by the believed camera and points."""
    information: NDArray[np.float64]
    """``(6, 6)`` inverse covariance of its error twist (see ``PoseEstimate.covariance``) for pixel noise of one."""


def reprojected_pose(
    pose: RigidTransform,
    points: NDArray[np.float64],
    camera: PinholeCamera,
    *,
    believed_points: NDArray[np.float64],
    believed_camera: PinholeCamera,
    noise_px: NDArray[np.float64],
) -> Reprojected | None:
    """The pose that minimises the reprojection error when points, camera or pixels are not what they are taken for.

    The points are projected by the true pose and the true camera, displaced by the noise, and the pose is found by
    Levenberg-Marquardt from them with the believed camera and points, starting at the true pose.

    Args:
        pose: True ``camera_T_base``.
        points: ``(K, 3)`` true points in the base frame, metres.
        camera: True camera, whose lens may distort.
        believed_points: ``(K, 3)`` points that the pixels are taken for.
        believed_camera: Camera that the pixels are taken to come from.
        noise_px: ``(K, 2)`` displacements of the pixels.

    Returns:
        ``None`` if fewer than four points lie in front of the camera, or the minimisation diverges.
    """
    pixels = camera.project(pose.apply(points)) + noise_px
    seen = np.isfinite(pixels).all(axis=1)
    if seen.sum() < _FEWEST:
        return None
    corners = BoardCorners(pixels[seen] - 0.5, believed_points[seen], "")
    K, distortion = believed_camera.opencv_matrix, np.array(believed_camera.distortion)
    start = pose.rotation.as_rotvec().reshape(3, 1), pose.translation.reshape(3, 1).copy()
    rotvec, translation = (
        np.asarray(value, dtype=float).ravel()
        for value in cv2.solvePnPRefineLM(corners.points, corners.pixels, K, distortion, *start)
    )
    if not (np.isfinite(rotvec).all() and np.isfinite(translation).all()):
        return None
    J = reprojection_jacobian(corners, BoardPose(rotvec, translation, 0.0), believed_camera)
    return Reprojected(transform(translation, Rotation.from_rotvec(rotvec)), np.asarray(J.T @ J))
