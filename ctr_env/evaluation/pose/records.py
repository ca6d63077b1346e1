"""What is kept of every evaluated frame, in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import pose_error, twist_between
from ctr_env.runs.files import replacing
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .metrics import mask_iou, nees

__all__ = ["RecordFile", "frame_record"]

_ERRORS = (
    *("add_m", "add_in_frame_m", "translation_error_m", "rotation_error_rad", "nees"),
    *(
        "expected_translation_error_m",
        "keypoint_errors_m",
        "keypoint_errors_px",
        "camera_T_base",
        "covariance",
        "error_twist",
    ),
)


def frame_record(
    labelled: LabelledFrame, estimate: PoseEstimate, kinematics: RobotKinematics, latency_s: float
) -> dict[str, Any]:
    """Figures of one frame, as ``per_frame`` of the ``evaluate`` result file lists them.

    Keypoints are the robot's, at the measured joint positions, taken to the camera by the estimated and by the true
    ``camera_T_base``: what is measured is that pose, not the encoders, and the truth itself has no error. Of a frame
    without a pose the marked point takes the keypoints' place, as measured by its annotator. Pixel errors
    are those of their projections, in pixels of the image as it is (``image_size``). Errors, and the pose, of an
    estimate that is not valid are ``None``; so is a pixel error of a point behind the camera.
    ``covariance`` is that of ``error_twist`` (see ``PoseEstimate``), and ``expected_translation_error_m`` what it makes
    the root mean square error of the base's position; both are ``None`` of an estimator that does not know.

    Args:
        labelled: The frame, with its pose or a marked point.
        estimate: What the estimator said of it.
        kinematics: The robot.
        latency_s: Wall time of the estimate, seconds.
    """
    true, camera = labelled.camera_T_base, labelled.camera
    base_points, points, pixels = _known_points(labelled, kinematics)
    inside = camera.contains(pixels)
    mask, found = labelled.mask, estimate.mask
    record: dict[str, Any] = {
        "name": labelled.name,
        "valid": estimate.valid,
        "reason": estimate.reason,
        **dict.fromkeys(_ERRORS),
        "mask_iou": None if mask is None or found is None else mask_iou(mask, found),
        "contour_inlier_ratio": estimate.contour_inlier_ratio,
        "latency_ms": 1e3 * latency_s,
        "keypoints_in_frame": inside.tolist(),
        "visibility": float(inside.mean()),
        "mask_share": None if mask is None else float(mask.mean()),
        "distance_m": float(np.linalg.norm(points.mean(axis=0))),
        "picture_size": [camera.width, camera.height],
    }
    if estimate.valid:
        moved = estimate.camera_T_base.apply(base_points)
        errors = np.linalg.norm(moved - points, axis=1)
        record |= {
            "add_m": float(errors.mean()),
            "add_in_frame_m": float(errors[inside].mean()) if inside.any() else None,
            "keypoint_errors_m": errors.tolist(),
            "keypoint_errors_px": _finite(np.linalg.norm(camera.project(moved) - pixels, axis=1)),
            "camera_T_base": estimate.camera_T_base.as_matrix().tolist(),
            "covariance": estimate.covariance.tolist() if np.isfinite(estimate.covariance).all() else None,
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
        there = labelled.camera_T_base.apply(points)
        return points, there, labelled.camera.project(there)
    marked = labelled.marked
    assert marked is not None
    points = kinematics.points(labelled.joint_positions, [marked.link], [marked.offset])
    return points, marked.location[None], marked.pixel[None]


class RecordFile:
    """Records on disk, one JSON object per line.

    An interrupted run leaves complete lines, except perhaps for the last one, which is then dropped.
    """

    def __init__(self, path: Path) -> None:
        """Read the records that an earlier run left.

        Args:
            path: The file; its folder is made if it does not exist.
        """
        self._path = path
        lines = _whole_lines(path) if path.is_file() else []
        self._records: dict[str, dict[str, Any]] = {line["key"]: line["record"] for line in lines}
        with replacing(path) as scratch:
            entries = [{"key": key, "record": record} for key, record in self._records.items()]
            scratch.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of a frame, if there is one."""
        return self._records.get(key)

    def add(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record.

        Raises:
            ValueError: If a number is not finite.
        """
        line = json.dumps({"key": key, "record": record}, allow_nan=False)
        self._records[key] = record
        with self._path.open("a") as file:
            file.write(f"{line}\n")


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for line in path.read_text().splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
