"""The gripper where the image shows it, whatever the rest of the arm says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .points import LinkPoint, link_points

__all__ = ["gripper_pose", "points_at_the_gripper"]

_LAST_JOINTS = 2  # points beyond all joints but these are near enough to the gripper to stand for it
_FEWEST = 3
_STEPS = 4
_POSITION_M, _ROTATION_RAD = 0.010, 0.020  # how far off the gripper may be from where base, encoders and links have it


def points_at_the_gripper(kinematics: RobotKinematics, points: Sequence[LinkPoint]) -> NDArray[np.bool_]:
    """``(K,)`` which points keep their place beside the end effector when all joints but the last two turn."""
    turned = kinematics.home.copy()
    turned[:-_LAST_JOINTS] += 0.1
    places = [
        kinematics.base_T_ee(joints).inv().apply(link_points(kinematics, joints, points))
        for joints in (kinematics.home, turned)
    ]
    return np.asarray(np.linalg.norm(places[0] - places[1], axis=1) < 1e-6)


def gripper_pose(
    expected: RigidTransform,
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    weights: NDArray[np.float64],
    camera: PinholeCamera,
) -> RigidTransform | None:
    """``camera_T_ee`` that brings points near the gripper to where they are seen, without going far.

    The most probable pose (Gauss-Newton) given the pixels and an expected pose that is wrong by a centimetre and by
    20 mrad: a few points that lie close together say much about where the gripper is across the line of sight, and
    little about the rest.

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
