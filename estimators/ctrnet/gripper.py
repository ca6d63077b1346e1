"""The end effector as its own keypoints show it (endpoint-closed-loop servoing)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, moved, undistort_pixels

from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["gripper_pose", "observe_gripper"]

_FEWEST = 3
_STEPS = 4
_POSITION_M, _ROTATION_RAD = 0.010, 0.020  # prior standard deviations


def observe_gripper(view: RobotView, hypothesis: PoseHypothesis) -> RigidTransform | None:
    """``camera_T_ee`` from the keypoints near the gripper; ``None`` where too few of them are detected."""
    found, base_T_ee = hypothesis.detected, view.base_T_ee
    pixels = undistort_pixels(found.pixels, view.camera)
    counted = hypothesis.used & view.model.gripper_points & np.isfinite(pixels).all(axis=1)
    return gripper_pose(
        hypothesis.camera_T_base * base_T_ee,
        base_T_ee.inv().apply(view.keypoints),
        pixels,
        np.where(counted, 1.0 / found.variance, 0.0),
        view.camera,
    )


def gripper_pose(
    expected: RigidTransform,
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    weights: NDArray[np.float64],
    camera: PinholeCamera,
) -> RigidTransform | None:
    """Maximum a posteriori ``camera_T_ee`` given keypoints near the gripper (Gauss-Newton).

    The prior is the pose by base, encoders and kinematics, with standard deviations of 10 mm and 20 mrad: a few
    keypoints close together determine the position across the line of sight well, and the rest poorly.

    Args:
        expected: ``camera_T_ee`` by base, encoders and kinematics.
        points: ``(K, 3)`` in the end effector's frame, metres.
        pixels: ``(K, 2)`` where they are seen, without lens distortion.
        weights: ``(K,)`` inverse variances of each coordinate, 1/px²; 0 for what is not seen.
        camera: Intrinsics.

    Returns:
        The pose; ``None`` where fewer than three points are seen, or one lies behind the camera.
    """
    seen = weights > 0.0
    if seen.sum() < _FEWEST:
        return None
    points, pixels, weights = points[seen], pixels[seen], np.repeat(weights[seen], 2)
    prior = np.diag([_POSITION_M**-2] * 3 + [_ROTATION_RAD**-2] * 3)
    focal, centre = np.array([camera.fx, camera.fy]), np.array([camera.cx, camera.cy])
    away = np.zeros(6)
    for _ in range(_STEPS):
        pose = moved(expected, away)
        arms = pose.rotation.apply(points)
        x, y, z = (arms + pose.translation).T
        if z.min() <= 0.0:
            return None
        residuals = (pixels - (np.stack([x, y], axis=1) / z[:, None] * focal + centre)).ravel()
        by_point = np.zeros((len(z), 2, 3))
        by_point[:, 0, 0], by_point[:, 1, 1] = focal[0] / z, focal[1] / z
        by_point[:, 0, 2], by_point[:, 1, 2] = -focal[0] * x / z**2, -focal[1] * y / z**2
        by_turn = np.cross(arms[:, None], by_point)  # d(w x arm) taken to pixels: row . (w x arm) = w . (arm x row)
        jacobian = np.concatenate([by_point, by_turn], axis=2).reshape(-1, 6)
        information = jacobian.T @ (weights[:, None] * jacobian) + prior
        away = away + np.linalg.solve(information, jacobian.T @ (weights * residuals) - prior @ away)
    return moved(expected, away)
