"""Planar PnP: poses of a calibration board from its detected corners."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ctr_env.geometry import PinholeCamera, undistort_pixels

__all__ = [
    "BoardCorners",
    "BoardPose",
    "collinear",
    "cross_matrix",
    "frame_pixels",
    "opencv_corners",
    "planar_poses",
    "reprojected",
    "reprojection_jacobian",
]


class BoardCorners(NamedTuple):
    """Detected corners of one face.

    Attributes:
        pixels: ``(N, 2)`` OpenCV pixels (centres at integers).
        points: ``(N, 3)`` the corners in the board's frame, metres.
        face: Name of the face.
    """

    pixels: NDArray[np.float64]
    points: NDArray[np.float64]
    face: str


class BoardPose(NamedTuple):
    """A pose of the board in the camera.

    Attributes:
        rotvec: ``(3,)`` rotation vector, rad.
        translation: ``(3,)`` metres.
        rms: Root mean square reprojection error, pixels.
    """

    rotvec: NDArray[np.float64]
    translation: NDArray[np.float64]
    rms: float


def opencv_corners(corners: BoardCorners, camera: PinholeCamera) -> tuple[BoardCorners, PinholeCamera]:
    """The corners and a camera whose lens model OpenCV's PnP has; other lens models are removed from the pixels."""
    if camera.lens_model == "opencv":
        return corners, camera
    return corners._replace(pixels=undistort_pixels(corners.pixels + 0.5, camera) - 0.5), camera.undistorted


def frame_pixels(corners: BoardCorners, camera: PinholeCamera) -> NDArray[np.float64]:
    """``(N, 2)`` continuous pixels in the image of ``camera``, of corners from :func:`opencv_corners`."""
    pixels = corners.pixels + 0.5
    if camera.lens_model == "opencv":
        return pixels
    rays = (pixels - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    return camera.project(np.concatenate([rays, np.ones((len(rays), 1))], axis=1))


def collinear(corners: BoardCorners) -> bool:
    """Whether the corners lie on a line, about which they do not determine the rotation."""
    return bool(np.linalg.matrix_rank(corners.points - corners.points.mean(axis=0), tol=1e-3) < 2)


def planar_poses(corners: BoardCorners, camera: PinholeCamera) -> list[BoardPose]:
    """The one or two poses of a plane that fit its corners, best first; none if the corners are degenerate.

    IPPE (Collins and Bartoli, 2014), refined by Levenberg-Marquardt.
    """
    K, distortion = camera.opencv_matrix, np.array(camera.distortion)
    # IPPE takes points in the plane z = 0 of their own frame
    face_T = corners.points.copy()
    height = face_T[0, 2]
    face_T[:, 2] = 0.0
    try:
        found = cv2.solvePnPGeneric(face_T, corners.pixels, K, distortion, flags=cv2.SOLVEPNP_IPPE)
    except cv2.error:  # the homography of degenerate corners has no decomposition
        return []
    _, rotvecs, translations, _ = found
    poses = []
    for rotvec, translation in zip(rotvecs, translations, strict=True):
        start = translation.ravel() - Rotation.from_rotvec(rotvec.ravel()).apply([0.0, 0.0, height])
        r, t = cv2.solvePnPRefineLM(corners.points, corners.pixels, K, distortion, rotvec.copy(), start.reshape(3, 1))
        pose = BoardPose(np.asarray(r, dtype=float).ravel(), np.asarray(t, dtype=float).ravel(), 0.0)
        errors = reprojected(corners, pose, camera) - corners.pixels
        rms = float(np.sqrt(np.mean(np.sum(errors**2, axis=1))))
        if np.isfinite(rms):
            poses.append(pose._replace(rms=rms))
    poses.sort(key=lambda pose: pose.rms)
    same = len(poses) > 1 and np.allclose(poses[0].rotvec, poses[1].rotvec, atol=1e-3)
    return poses[:1] if same else poses


def reprojected(corners: BoardCorners, pose: BoardPose, camera: PinholeCamera) -> NDArray[np.float64]:
    """``(N, 2)`` projections of the corners, OpenCV pixels."""
    pixels, _ = cv2.projectPoints(
        corners.points, pose.rotvec, pose.translation, camera.opencv_matrix, np.array(camera.distortion)
    )
    return np.asarray(pixels[:, 0])


def reprojection_jacobian(corners: BoardCorners, found: BoardPose, camera: PinholeCamera) -> NDArray[np.float64]:
    """``(2N, 6)`` derivative of the pixels by the error twist (m, rad; camera axes) at the board's origin."""
    turned = Rotation.from_rotvec(found.rotvec).apply(corners.points)
    points = turned + found.translation
    _, jacobian = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.opencv_matrix, np.array(camera.distortion))
    by_translation = jacobian[:, 3:6]  # at the zero pose: the derivative by the point itself
    by_rotation = np.concatenate(
        [by_translation[2 * i : 2 * i + 2] @ -cross_matrix(point) for i, point in enumerate(turned)]
    )
    return np.hstack([by_translation, by_rotation])


def cross_matrix(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3, 3)`` matrix of the cross product with ``v`` on the left."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
