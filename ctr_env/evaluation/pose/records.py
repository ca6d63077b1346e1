"""The metrics of one evaluated frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import pose_error, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .metrics import mask_iou, nees

__all__ = ["frame_record"]

_ERRORS = (
    *("add_m", "add_in_frame_m", "translation_error_m", "rotation_error_rad", "nees"),
    *("expected_translation_error_m", "keypoint_errors_m", "keypoint_errors_px"),
    *("camera_T_base", "covariance", "joint_sensitivity", "error_twist"),
)


def frame_record(
    labelled: LabelledFrame, estimate: PoseEstimate, kinematics: RobotKinematics, latency_s: float
) -> dict[str, Any]:
    """Metrics of one frame, as ``per_frame`` of the ``evaluate`` result file lists them.

    The keypoints of the robot at the measured joint positions are transformed to the camera by the estimated and by the
    true ``camera_T_base``: their errors measure that pose and not the encoders, and the true pose has no error. In a
    frame without a pose, the marked point, as measured by the data set's authors, replaces the keypoints. Pixel errors
    are those of the projections, in pixels of the original image (``picture_size``). The errors and the pose of an
    invalid estimate are ``None``; so is the pixel error of a point behind the camera.
    ``covariance`` is that of ``error_twist`` (see ``PoseEstimate``), and ``expected_translation_error_m`` the root mean
    square translation error of the base that follows from it; both are ``None`` for an estimator without a covariance.
    ``joint_sensitivity`` is as in ``PoseEstimate``.

    Args:
        labelled: The frame, with its pose or a marked point.
        estimate: Its estimate.
        kinematics: The robot.
        latency_s: Wall time of the estimate, seconds.
    """
    true, camera = labelled.camera_T_base, labelled.camera
    base_points, points, pixels = _known_points(labelled, kinematics)
    inside = camera.contains(pixels)
    mask, predicted = labelled.mask, estimate.mask
    record: dict[str, Any] = {
        "name": labelled.name,
        "valid": estimate.valid,
        "reason": estimate.reason,
        **dict.fromkeys(_ERRORS),
        "mask_iou": None if mask is None or predicted is None else mask_iou(mask, predicted),
        "contour_inlier_ratio": estimate.contour_inlier_ratio,
        "latency_ms": 1e3 * latency_s,
        "keypoints_in_frame": inside.tolist(),
        "visibility": float(inside.mean()),
        "mask_share": None if mask is None else float(mask.mean()),
        "distance_m": float(np.linalg.norm(points.mean(axis=0))),
        "picture_size": [camera.width, camera.height],
    }
    if estimate.valid:
        moved, sensitivity = estimate.camera_T_base.apply(base_points), estimate.joint_sensitivity
        errors = np.linalg.norm(moved - points, axis=1)
        record |= {
            "add_m": float(errors.mean()),
            "add_in_frame_m": float(errors[inside].mean()) if inside.any() else None,
            "keypoint_errors_m": errors.tolist(),
            "keypoint_errors_px": _finite(np.linalg.norm(camera.project(moved) - pixels, axis=1)),
            "camera_T_base": estimate.camera_T_base.as_matrix().tolist(),
            "covariance": estimate.covariance.tolist() if np.isfinite(estimate.covariance).all() else None,
            "joint_sensitivity": None if sensitivity is None else sensitivity.tolist(),
        }
        if true is not None:
            position, rotation = pose_error(estimate.camera_T_base, true)
            error = twist_between(estimate.camera_T_base, true)
            expected = float(np.sqrt(np.trace(estimate.covariance[:3, :3])))
            record |= {
                "translation_error_m": position,
                "rotation_error_rad": rotation,
                "error_twist": error.tolist(),
                "nees": nees(error, estimate.covariance),
                "expected_translation_error_m": expected if np.isfinite(expected) else None,
            }
    return record


def _known_points(
    labelled: LabelledFrame, kinematics: RobotKinematics
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """``(K, 3)`` points in the base's and in the camera's frame, and their ``(K, 2)`` pixels."""
    if labelled.camera_T_base is not None:
        points = kinematics.keypoints(labelled.joint_positions)
        in_camera = labelled.camera_T_base.apply(points)
        return points, in_camera, labelled.camera.project(in_camera)
    marked = labelled.marked
    assert marked is not None
    points = kinematics.points(labelled.joint_positions, [marked.link], [marked.offset])
    return points, marked.location[None], marked.pixel[None]


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
