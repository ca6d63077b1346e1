"""Intrinsics and pose of MuJoCo cameras; the only place that converts to OpenGL's axes."""

from __future__ import annotations

import mujoco
import numpy as np
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera

__all__ = ["OPENCV_FROM_MUJOCO", "set_camera_intrinsics", "set_camera_pose"]

OPENCV_FROM_MUJOCO = np.diag([1.0, -1.0, -1.0])
"""``(3, 3)`` rotation between camera axes: MuJoCo's optical axis is -z with y up, OpenCV's is +z with y down."""

_PIXEL = 1e-5  # metres; only ratios matter


def set_camera_intrinsics(model: mujoco.MjModel, camera_id: int, camera: PinholeCamera) -> None:
    """Set the intrinsics of a MuJoCo camera to those of a pinhole camera (lens distortion is not rendered).

    Args:
        model: Model to edit in place. Its camera must have been compiled with a sensor size.
        camera_id: Index of the camera.
        camera: Intrinsics; the image must be rendered at ``camera.width`` x ``camera.height``.
    """
    model.cam_resolution[camera_id] = camera.width, camera.height
    model.cam_sensorsize[camera_id] = camera.width * _PIXEL, camera.height * _PIXEL
    model.cam_intrinsic[camera_id] = (
        camera.fx * _PIXEL,
        camera.fy * _PIXEL,
        (0.5 * camera.width - camera.cx) * _PIXEL,
        (0.5 * camera.height - camera.cy) * _PIXEL,
    )
    model.cam_fovy[camera_id] = np.degrees(camera.fov[1])


def set_camera_pose(model: mujoco.MjModel, camera_id: int, world_T_camera: RigidTransform) -> None:
    """Set the pose of a MuJoCo camera that is fixed to the world.

    The pose takes effect at the next ``mj_camlight`` or ``mj_forward``.

    Args:
        model: Model to edit in place.
        camera_id: Index of the camera.
        world_T_camera: Pose in OpenCV's axes.
    """
    T = world_T_camera.as_matrix()
    model.cam_pos[camera_id] = T[:3, 3]
    mujoco.mju_mat2Quat(model.cam_quat[camera_id], (T[:3, :3] @ OPENCV_FROM_MUJOCO).ravel())
