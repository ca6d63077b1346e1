"""The pose of a camera from a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import DataError, DataWarning, MissingFileError
from ctr_env.geometry import transform

__all__ = ["read_pose_file"]

_PARTS = (("translation", "xyz"), ("rotation", "xyzw"))
_ORTHONORMAL = 1e-3  # how far a written matrix may be from a rotation
_NOT_OPTICAL = ("_link", "_frame", "_base")  # endings of frames whose x axis looks forward (REP 103), without "optical"


def read_pose_file(file: str | Path, base: str) -> RigidTransform:
    """``camera_T_base`` from a file of ``ctr-env calibrate``, ROS or easy_handeye.

    JSON or YAML with one of:

    - ``camera_T_base``: a ``(4, 4)`` matrix, metres;
    - ``transform`` with ``header.frame_id`` and ``child_frame_id``: a ``geometry_msgs/TransformStamped`` from the
      robot's base to the camera, or the other way round, as its frames say (without them the parent is the base);
    - ``transformation`` with ``parameters``: easy_handeye's calibration of a camera that stands beside the robot.

    Args:
        file: The file.
        base: Name of the robot's base link.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it holds no pose, one between other frames, or that of a camera on the robot's hand.
    """
    file = Path(file)
    if not file.is_file():
        raise MissingFileError(f"no such pose file: {file}")
    try:
        data = next(yaml.safe_load_all(file.read_text()), None)  # rostopic echo begins a second document
        pose = _pose(data, base) if isinstance(data, Mapping) else None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{file}: not understood: {type(error).__name__} {error}") from error
    if pose is None:
        raise DataError(
            f"{file}: no pose in it; it should have camera_T_base, a transform from base to camera, or easy_handeye's "
            "transformation"
        )
    return pose


def _pose(data: Mapping[str, Any], base: str) -> RigidTransform | None:
    if "camera_T_base" in data:
        return _from_matrix(np.asarray(data["camera_T_base"], dtype=float))
    parameters = data.get("parameters") or {}
    if parameters.get("eye_on_hand") or parameters.get("calibration_type") == "eye_in_hand":
        raise ValueError("a calibration of a camera on the robot's hand, which does not stand still in the base frame")
    parent, child = parameters.get("robot_base_frame"), parameters.get("tracking_base_frame")
    if "transformation" in data:  # easy_handeye: x, y, z, qx, qy, qz, qw of the camera in the base frame
        values = data["transformation"]
        _leads_from_camera(parent, child, base)
        return _from_numbers([values[k] for k in "xyz"], [values[f"q{k}"] for k in "xyzw"]).inv()
    if "transform" in data:
        parent = (data.get("header") or {}).get("frame_id") or parent
        child = data.get("child_frame_id") or child
        pose = _from_numbers(*([data["transform"][part][axis] for axis in axes] for part, axes in _PARTS))
        return pose if _leads_from_camera(parent, child, base) else pose.inv()
    return None


def _leads_from_camera(parent: Any, child: Any, base: str) -> bool:
    """Whether the base is a transform's child, so that it takes base coordinates to the camera's.

    Raises:
        ValueError: If frames are named and none of them is the base.
    """
    parent, child = (str(name or "").lstrip("/") for name in (parent, child))
    named = [name for name in (parent, child) if name]
    if named and base not in named:
        raise ValueError(f"its frames are {' and '.join(named)}; one of them should be the robot's base, {base}")
    for name in named:
        if name != base and name.endswith(_NOT_OPTICAL) and "optical" not in name:
            warnings.warn(
                f"the camera's frame is {name}; its z axis must look along the optical axis, as that of a frame "
                "..._optical_frame does",
                DataWarning,
                stacklevel=4,
            )
    return child == base


def _from_matrix(matrix: NDArray[np.float64]) -> RigidTransform:
    if matrix.shape != (4, 4):
        raise ValueError(f"camera_T_base must be 4 x 4, not {' x '.join(map(str, matrix.shape))}")
    R = matrix[:3, :3]
    orthonormal = np.allclose(R @ R.T, np.eye(3), atol=_ORTHONORMAL)
    if not orthonormal or np.linalg.det(R) < 0.0 or not np.isfinite(matrix).all():
        raise ValueError("camera_T_base holds no rotation")
    return RigidTransform.from_matrix(matrix)


def _from_numbers(translation: Any, quaternion: Any) -> RigidTransform:
    """From a translation, metres, and a quaternion x, y, z, w."""
    translation, quaternion = ([float(value) for value in values] for values in (translation, quaternion))
    if not np.isfinite([*translation, *quaternion]).all():
        raise ValueError("the transform is not finite")
    return transform(np.array(translation), Rotation.from_quat(quaternion))
