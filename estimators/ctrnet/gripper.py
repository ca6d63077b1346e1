"""The end effector as its own keypoints show it (endpoint-closed-loop servoing)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.pnp.single_reprojection import SingleProblem, expand_single
from ctr_env.geometry import PinholeCamera, moved_matrix, pose_from_matrix, undistort_pixels

from .hypothesis import PoseHypothesis
from .robot_model import RobotView

__all__ = ["gripper_pose", "observe_gripper"]

_FEWEST = 3
_STEPS = 4
_POSITION_M, _ROTATION_RAD = 0.010, 0.020  # prior standard deviations
_PRIOR = np.diag([_POSITION_M**-2] * 3 + [_ROTATION_RAD**-2] * 3)  # their information


def observe_gripper(view: RobotView, hypothesis: PoseHypothesis) -> RigidTransform | None:
    """``camera_T_ee`` from the keypoints near the gripper; ``None`` where too few of them are detected."""
    found, base_T_ee = hypothesis.detected, view.base_T_ee.as_matrix()
    pixels = undistort_pixels(found.pixels, view.camera)
    counted = hypothesis.used & view.model.gripper_points & np.isfinite(pixels).all(axis=1)
    camera_T_ee = gripper_pose(
        hypothesis.camera_T_base.as_matrix() @ base_T_ee,
        (view.keypoints - base_T_ee[:3, 3]) @ base_T_ee[:3, :3],
        pixels,
        np.where(counted, 1.0 / found.variance, 0.0),
        view.camera,
    )
    return None if camera_T_ee is None else pose_from_matrix(camera_T_ee)


def gripper_pose(
    expected: NDArray[np.float64],
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    weights: NDArray[np.float64],
    camera: PinholeCamera,
) -> NDArray[np.float64] | None:
    """Maximum a posteriori ``camera_T_ee`` given keypoints near the gripper (Gauss-Newton).

    The prior is the pose by base, encoders and kinematics, with standard deviations of 10 mm and 20 mrad: a few
    keypoints close together determine the position across the line of sight well, and the rest poorly.

    Args:
        expected: ``(4, 4)`` ``camera_T_ee`` by base, encoders and kinematics.
        points: ``(K, 3)`` in the end effector's frame, metres.
        pixels: ``(K, 2)`` where they are seen, without lens distortion.
        weights: ``(K,)`` inverse variances of each coordinate, 1/px²; 0 for what is not seen.
        camera: Intrinsics.

    Returns:
        The pose ``(4, 4)``; ``None`` where fewer than three points are seen, or one lies behind the camera.
    """
    seen = weights > 0.0
    if seen.sum() < _FEWEST:
        return None
    focal, centre = np.array([[camera.fx], [camera.fy]]), np.array([[camera.cx], [camera.cy]])
    problem = SingleProblem(pixels[seen].T, points[seen], weights[seen], focal, centre)
    away = np.zeros(6)
    for _ in range(_STEPS):
        pose = moved_matrix(expected, away)
        state = expand_single(problem, pose[:3, :3], pose[:3, 3])
        if not np.isfinite(state.cost):
            return None
        away = away - np.linalg.solve(state.information + _PRIOR, state.gradient + _PRIOR @ away)
    return moved_matrix(expected, away)
