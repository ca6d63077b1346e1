"""Reading where a camera stands from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import transform

__all__ = ["read_pose_file"]

_PARTS = (("translation", "xyz"), ("rotation", "xyzw"))
_LOOSE = 1e-3  # how far a written matrix may be from a rotation


def read_pose_file(file: Path, base: str) -> RigidTransform:
    """``camera_T_base`` from a file of ``ctr-env calibrate``, or of another program that writes one of the two.

    JSON or YAML with ``camera_T_base``, a ``(4, 4)`` matrix in metres; or the fields of a
    ``geometry_msgs/TransformStamped`` from the robot's base to the camera, or the other way round: its frames say
    which, and without them the parent is the base.

    Args:
        file: The file.
        base: Name of the robot's base link.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no pose, or one between other frames.
    """
    try:
        data = next(yaml.safe_load_all(file.read_text()), None)  # rostopic echo begins another
        if isinstance(data, Mapping) and "camera_T_base" in data:
            return _from_matrix(np.asarray(data["camera_T_base"], dtype=float))
        if isinstance(data, Mapping) and "transform" in data:
            pose = _from_transform(data["transform"])
            return pose if _leads_from_camera(data, base) else pose.inv()
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file}: not understood: {type(error).__name__} {error}") from error
    raise ValueError(f"{file}: no pose in it; it should have camera_T_base, or a transform from base to camera")


def _leads_from_camera(data: Mapping[str, Any], base: str) -> bool:
    """Whether the base is a transform's child, so that it takes base coordinates to the camera's."""
    parent, child = ((data.get("header") or {}).get("frame_id"), data.get("child_frame_id"))
    named = [str(name).lstrip("/") for name in (parent, child) if name]
    if named and base not in named:
        raise ValueError(f"its frames are {' and '.join(named)}; one of them should be the robot's base, {base}")
    return bool(child) and str(child).lstrip("/") == base


def _from_matrix(matrix: Any) -> RigidTransform:
    if matrix.shape != (4, 4):
        raise ValueError(f"camera_T_base must be 4 x 4, not {' x '.join(map(str, matrix.shape))}")
    R = matrix[:3, :3]
    if not np.allclose(R @ R.T, np.eye(3), atol=_LOOSE) or np.linalg.det(R) < 0.0 or not np.isfinite(matrix).all():
        raise ValueError("camera_T_base holds no rotation")
    return RigidTransform.from_matrix(matrix)


def _from_transform(data: Mapping[str, Any]) -> RigidTransform:
    place, turn = ([float(data[part][axis]) for axis in axes] for part, axes in _PARTS)
    if not np.isfinite([*place, *turn]).all():
        raise ValueError("the transform is not finite")
    return transform(np.array(place), Rotation.from_quat(turn))
