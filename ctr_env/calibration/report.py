"""A calibration in files that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.dream_writer import PIXEL_CENTRE
from ctr_env.geometry import PinholeCamera, inverse_covariance
from ctr_env.runs.files import replacing, write_json
from ctr_env.scenes.robots.description import RobotDescription

from .advice import halves_disagree
from .findings import board_data, comparison_data, focal_scale
from .mismatch import Mismatch
from .result import Calibration, FrameFit

__all__ = ["SCHEMA", "calibration_data", "write_calibration"]

SCHEMA = "ctr_env/calibrate@2"
_CAMERA_FRAME = "camera_optical_frame"
_INTRINSICS = ("focal_length", "principal_point", "distortion")


def calibration_data(calibration: Calibration, robot: RobotDescription, camera: PinholeCamera) -> dict[str, Any]:
    """The result in plain numbers: poses both ways, error bars, and how each image agrees.

    Quaternions are in the order of ``geometry_msgs``: x, y, z, w. Covariances are as that of ``PoseEstimate``:
    translation in metres, then rotation vector in radians, in the axes that the pose leads to; those without a name are
    of ``camera_T_base``. ``camera`` is the one given, with its distortion; its pixel centres lie at a half.
    ``estimated_camera`` is that of the images after the given distortion has been removed, if intrinsics were
    estimated.
    """
    pose, back = calibration.camera_T_base, calibration.camera_T_base.inv()
    turned = inverse_covariance(pose, calibration.covariance)
    return {
        "robot": robot.name,
        "frames_of_reference": {"camera": _CAMERA_FRAME, "base": robot.published_link(robot.base_link)},
        "camera_T_base": pose.as_matrix(),
        "base_T_camera": back.as_matrix(),
        "camera_T_base_quaternion_xyzw": pose.rotation.as_quat(canonical=True),
        "base_T_camera_quaternion_xyzw": back.rotation.as_quat(canonical=True),
        "uncertainty": calibration.uncertainty_source,
        **_error_bars("", calibration.covariance),
        **_error_bars("base_T_camera_", turned),
        "postures": calibration.configurations,
        "focal_scale_that_fits_best": focal_scale(calibration.comparisons),
        "intrinsics_suspect": any(
            each.evident and not each.estimated and each.name in _INTRINSICS for each in calibration.comparisons
        ),
        "estimated": list(calibration.estimated),
        "set_up": [comparison_data(each) for each in calibration.comparisons],
        "joint_offsets": calibration.setup.joint_offsets,
        "time_offset_s": calibration.setup.time_offset_s,
        "halves_disagree": halves_disagree(calibration),
        "halves_differ": {
            "position_mm": 1e3 * float(np.linalg.norm(calibration.halves[:3])),
            "rotation_deg": float(np.degrees(np.linalg.norm(calibration.halves[3:]))),
        },
        "camera": {
            "fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy, PIXEL_CENTRE: 0.5,
            "width": camera.width, "height": camera.height, "distortion": list(camera.distortion),
            "lens_model": camera.lens_model,
        },
        "estimated_camera": _estimated_camera(calibration),
        "board": None if calibration.board is None else board_data(calibration.board),
        "frames": [_fit_data(fit) for fit in calibration.fits],
        "mismatched": [_mismatch_data(each) for each in calibration.mismatches],
    }  # fmt: skip


def _estimated_camera(calibration: Calibration) -> dict[str, Any] | None:
    if not set(calibration.estimated) & set(_INTRINSICS):
        return None
    camera = calibration.setup.camera
    return {
        **{name: getattr(camera, name) for name in ("fx", "fy", "cx", "cy", "width", "height")},
        PIXEL_CENTRE: 0.5,
        "distortion": list(camera.distortion),
        "lens_model": camera.lens_model,
    }


def _error_bars(prefix: str, covariance: NDArray[np.float64]) -> dict[str, Any]:
    deviations = np.sqrt(np.diag(covariance))
    return {
        f"{prefix}covariance": covariance,
        f"{prefix}position_std_mm": 1e3 * deviations[:3],
        f"{prefix}rotation_std_deg": np.degrees(deviations[3:]),
    }


def write_calibration(data: dict[str, Any], folder: Path) -> None:
    """Write ``calibration.json`` with everything, and ``calibration.yaml`` with the camera's place in the robot's base.

    The YAML has the fields of a ``geometry_msgs/TransformStamped``: what a static transform publisher needs.
    """
    write_json(folder / "calibration.json", data)
    pose = RigidTransform.from_matrix(data["base_T_camera"])
    names = data["frames_of_reference"]
    place = (float(value) for value in pose.translation)
    turn = (float(value) for value in pose.rotation.as_quat(canonical=True))
    text = yaml.safe_dump(
        {
            "header": {"frame_id": names["base"]},
            "child_frame_id": names["camera"],
            "transform": {
                "translation": dict(zip("xyz", place, strict=True)),
                "rotation": dict(zip("xyzw", turn, strict=True)),
            },
        },
        sort_keys=False,
    )
    with replacing(folder / "calibration.yaml") as scratch:
        scratch.write_text(text)


def _mismatch_data(found: Mismatch) -> dict[str, Any]:
    """Plain numbers of an image whose joint angles are not its own; null for what does not apply."""
    return {
        "name": found.name,
        "guess": found.guess,
        "joint_angles_of": found.image_of or None,
        "delay_s": None if np.isnan(found.delay_s) else found.delay_s,
        "left_out": found.left_out,
        "contour_inlier_ratio": found.contour_inlier_ratio,
        "contour_inlier_ratio_with_those": found.better_ratio,
    }


def _fit_data(fit: FrameFit) -> dict[str, Any]:
    known = fit.own.valid
    return {
        "name": fit.name,
        "valid": known,
        "reason": fit.own.reason,
        "position_residual_mm": 1e3 * float(np.linalg.norm(fit.twist[:3])) if known else None,
        "rotation_residual_deg": float(np.degrees(np.linalg.norm(fit.twist[3:]))) if known else None,
        "mask_iou": fit.pseudo_label.mask_iou,
        "outline_explained": fit.pseudo_label.contour_inlier_ratio,
        "points_off": fit.pseudo_label.keypoint_error if np.isfinite(fit.pseudo_label.keypoint_error) else None,
    }
