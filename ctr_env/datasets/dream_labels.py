"""The labels of one frame in the layout of DREAM and NDDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import DataError
from ctr_env.geometry import transform
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .dream_writer import keypoint_names, pose_from_unreal
from .joint_limits import require_joints

__all__ = ["base_pose", "joint_positions", "keypoints", "robot_object"]

_ANOTHER_CONFIGURATION = 0.03  # m: robots differ from their model by less
_ON_A_LINE = 1e-3  # m: keypoints that stray less from a line leave the rotation about it unknown
_NO_PIXEL = -999.0  # DREAM writes -999.99 for a point without an image


def joint_positions(data: Mapping[str, Any], kinematics: RobotKinematics) -> NDArray[np.float64]:
    """``(n,)`` arm joint positions (rad) of ``sim_state.joints``; prefixes such as ``franka/`` are ignored.

    Raises:
        DataError: If one is missing or beyond its limits.
    """
    robot = kinematics.robot
    found = {str(j["name"]).rpartition("/")[2]: float(j["position"]) for j in data["sim_state"]["joints"]}
    missing = [name for name in robot.arm_joints if name not in found]
    if missing:
        raise DataError(f"no position of {', '.join(missing)} in sim_state.joints (found: {', '.join(found)})")
    return require_joints(kinematics, np.array([found[name] for name in robot.arm_joints]))


def robot_object(data: Mapping[str, Any], robot: RobotDescription) -> Mapping[str, Any]:
    """The robot among a frame's objects: the one with most of its keypoints, or its name; empty if there is none."""
    names = {*keypoint_names(robot), *robot.keypoint_frames}

    def likeness(item: Mapping[str, Any]) -> tuple[int, bool]:
        known = sum(str(entry.get("name")) in names for entry in item.get("keypoints") or ())
        return known, robot.name in str(item.get("class", "")).lower()

    found: Mapping[str, Any] = max(data["objects"], key=likeness, default={})
    return found if len(data["objects"]) == 1 or any(likeness(found)) else {}


def keypoints(item: Mapping[str, Any], robot: RobotDescription) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(K, 3)`` camera-frame points and ``(K, 2)`` pixels as the file has them; NaN where it has none."""
    points = np.full((len(robot.keypoint_frames), 3), np.nan)
    pixels = np.full((len(robot.keypoint_frames), 2), np.nan)
    found = {str(entry["name"]): entry for entry in item.get("keypoints") or ()}
    for i, (short, link) in enumerate(zip(keypoint_names(robot), robot.keypoint_frames, strict=True)):
        entry = found.get(short, found.get(link))
        if entry is not None:
            points[i] = entry["location"]
            pixel = np.asarray(entry["projected_location"], dtype=float)
            pixels[i] = pixel if (pixel > _NO_PIXEL).all() else np.nan
    return points, pixels


def base_pose(
    data: Mapping[str, Any],
    item: Mapping[str, Any],
    points: NDArray[np.float64],
    base_points: NDArray[np.float64],
    metres: float,
) -> RigidTransform | None:
    """``camera_T_base`` as written, or the one that takes the base-frame keypoints to those of the file (Kabsch).

    If there are fewer than three keypoints, or they lie on a line, NDDS's ``pose_transform`` of the robot is taken.

    Args:
        data: Labels of the frame.
        item: The robot among its objects.
        points: ``(K, 3)`` keypoints of the file, metres.
        base_points: ``(K, 3)`` keypoints in the base frame at the file's joint positions, metres.
        metres: Length of the file's unit.

    Raises:
        DataError: If the two sets of keypoints are not congruent (3 cm).
    """
    known = np.isfinite(points).all(axis=1)
    if "quaternion_xyzw" in item and "intrinsics" in data.get("camera_data", {}):
        return transform(
            metres * np.asarray(item["location"], dtype=float), Rotation.from_quat(item["quaternion_xyzw"])
        )
    a, b = base_points[known], points[known]
    if len(a) < 3 or np.linalg.svd(a - a.mean(axis=0), compute_uv=False)[1] < _ON_A_LINE:
        unreal = item.get("pose_transform")
        return None if unreal is None else pose_from_unreal(np.asarray(unreal, dtype=float))
    rotation, _ = Rotation.align_vectors(b - b.mean(axis=0), a - a.mean(axis=0))
    pose = transform(b.mean(axis=0) - rotation.apply(a.mean(axis=0)), rotation)
    deviation = float(np.sqrt(np.mean(np.sum((pose.apply(a) - b) ** 2, axis=1))))
    if deviation > _ANOTHER_CONFIGURATION:
        raise DataError(
            f"the keypoints lie {1e3 * deviation:.0f} mm (RMS) from where the joint positions have them: they are not "
            "of the same joint configuration, not in the unit that was assumed, or not this robot's"
        )
    return pose
