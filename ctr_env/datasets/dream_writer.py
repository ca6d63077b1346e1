"""Writing folders of labelled images in the layout of DREAM and NDDS, which RoboPose and CtRNet read as well.

A frame is ``NNNNNN.rgb.jpg`` (or ``.png``) with ``NNNNNN.json``; ours add ``NNNNNN.mask.png``.
``_camera_settings.json`` holds the camera of the folder, ``_object_settings.json`` the object classes. Lengths are
metres, as in DREAM's real sets; only NDDS's own ``pose_transform`` is in centimetres and Unreal's axes, because its
readers expect that. A frame's own camera stands in its file below ``camera_data.intrinsics`` and replaces the folder's.
Pixels are continuous coordinates (see
:class:`~ctr_env.geometry.PinholeCamera`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, transform
from ctr_env.runs.files import replacing, write_json
from ctr_env.scenes.robots.description import RobotDescription

from .labelled import LabelledFrame

__all__ = ["PIXEL_CENTRE", "keypoint_names", "pose_from_unreal", "pose_to_unreal", "write_frame", "write_settings"]

PIXEL_CENTRE = "pixel_centre"
"""Entry of our ``intrinsic_settings``: the coordinate of the first pixel's centre."""
_JPEG_QUALITY = 95
_UNREAL = np.diag([-1.0, -1.0, 1.0]), np.diag([1.0, -1.0, 1.0])


def write_settings(folder: Path, robot: RobotDescription, camera: PinholeCamera) -> None:
    """Write ``_object_settings.json`` and ``_camera_settings.json``."""
    entry = {"class": robot.name, "segmentation_class_id": 255, "keypoints": keypoint_names(robot)}
    classes = {"exported_object_classes": [robot.name], "exported_objects": [entry]}
    write_json(folder / "_object_settings.json", classes)
    size = {"width": camera.width, "height": camera.height}
    rest = {"s": 0, "hfov": float(np.degrees(camera.fov[0])), "resolution": size, PIXEL_CENTRE: 0.5}
    intrinsics = {**_intrinsics(camera), **rest}
    settings = {"name": "camera", "id": 0, "intrinsic_settings": intrinsics, "captured_image_size": size}
    write_json(folder / "_camera_settings.json", {"camera_settings": [settings]})


def write_frame(folder: Path, robot: RobotDescription, frame: LabelledFrame, extra: Mapping[str, Any]) -> None:
    """Write one frame: image, mask, then labels, so that a frame that has labels is complete.

    Args:
        folder: The folder.
        robot: The robot in the image.
        frame: The frame; all of its labels must be known.
        extra: More entries for the labels' file.

    Raises:
        DataError: If a label is unknown.
    """
    if frame.mask is None or frame.camera_T_base is None:
        raise DataError(f"frame {frame.name} has no {'mask' if frame.mask is None else 'pose'} to write")
    labels = _labels(robot, frame, frame.camera_T_base, frame.mask) | dict(extra)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _write_image(folder / f"{frame.name}.rgb.jpg", frame.image[..., ::-1], quality)
    _write_image(folder / f"{frame.name}.mask.png", np.where(frame.mask, 255, 0).astype(np.uint8), [])
    write_json(folder / f"{frame.name}.json", labels)


def pose_to_unreal(pose: RigidTransform) -> NDArray[np.float64]:
    """NDDS's ``pose_transform`` of a ``camera_T_base``: transposed, in centimetres, in Unreal's left-handed axes."""
    unreal = pose.as_matrix()
    unreal[:3, 3] *= 100.0
    unreal[:3] = _UNREAL[0] @ unreal[:3]
    unreal[:3, :3] = unreal[:3, :3] @ _UNREAL[1]
    return np.asarray(unreal.T)


def pose_from_unreal(unreal: NDArray[np.float64]) -> RigidTransform:
    """The ``camera_T_base`` that :func:`pose_to_unreal` took.

    Raises:
        DataError: If it is not a ``(4, 4)`` rigid transform.
    """
    if unreal.shape != (4, 4):
        raise DataError(f"pose_transform must be 4 x 4, not {' x '.join(map(str, unreal.shape))}")
    rotation = _UNREAL[0] @ unreal[:3, :3].T @ _UNREAL[1]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0.0:
        raise DataError("pose_transform does not hold a rotation in Unreal's axes")
    return transform(_UNREAL[0] @ unreal[3, :3] * 0.01, Rotation.from_matrix(rotation))


def keypoint_names(robot: RobotDescription) -> list[str]:
    """Names of a robot's keypoints in the files."""
    return list(robot.keypoint_names) or [frame.removeprefix(f"{robot.name}_") for frame in robot.keypoint_frames]


def _write_image(file: Path, image: NDArray[np.uint8], options: list[int]) -> None:
    with replacing(file) as scratch:
        if not cv2.imwrite(str(scratch), image, options):
            raise OSError(f"could not write {file}")


def _intrinsics(camera: PinholeCamera) -> dict[str, Any]:
    intrinsics: dict[str, Any] = {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy}
    if camera.distortion:
        intrinsics |= {"distortion": list(camera.distortion), "lens_model": camera.lens_model}
    return intrinsics


def _labels(
    robot: RobotDescription, frame: LabelledFrame, pose: RigidTransform, mask: NDArray[np.bool_]
) -> dict[str, Any]:
    rows, columns = np.nonzero(mask)
    box = {}
    if len(rows):
        box = {"min": [int(columns.min()), int(rows.min())], "max": [int(columns.max()) + 1, int(rows.max()) + 1]}
    keypoints = [
        {"name": name, "location": point.tolist(), "projected_location": _finite(pixel)}
        for name, point, pixel in zip(keypoint_names(robot), frame.keypoints, frame.keypoints_px, strict=True)
    ]
    size = {"width": frame.camera.width, "height": frame.camera.height}
    return {
        "camera_data": {"intrinsics": {**_intrinsics(frame.camera), **size}},
        "objects": [
            {
                "class": robot.name,
                "visibility": 1,
                "location": pose.translation.tolist(),
                "quaternion_xyzw": pose.rotation.as_quat().tolist(),
                "pose_transform": pose_to_unreal(pose).tolist(),
                "bounding_box": box,
                "keypoints": keypoints,
            }
        ],
        "sim_state": {
            "joints": [
                {"name": name, "position": float(position)}
                for name, position in zip(robot.arm_joints, frame.joint_positions, strict=True)
            ]
        },
    }


def _finite(pixel: NDArray[np.float64]) -> list[float]:
    """A pixel; DREAM's mark of a point without an image if it is not finite."""
    return pixel.tolist() if np.isfinite(pixel).all() else [-999.99, -999.99]
