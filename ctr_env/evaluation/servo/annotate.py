"""Annotated images of a servoing episode: estimated skeleton, goal, errors."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.drawing.primitives import draw_disc, draw_line, draw_text
from ctr_env.envs import ServoEnv
from ctr_env.geometry import PinholeCamera

__all__ = ["annotate"]

_SKELETON = (255, 170, 40)
_AXES = ((235, 70, 60), (70, 200, 90), (70, 130, 255))
_GOAL = (250, 225, 80)
_PANEL = (24, 26, 30)
_TEXT = (235, 235, 235)
_MUTED = (165, 170, 178)
_BAD = (255, 120, 110)


_AXIS_M = 0.07


def annotate(env: ServoEnv, info: dict[str, Any], height: int = 480) -> NDArray[np.uint8]:
    """The current image, resized to a height, with skeleton, gripper and goal axes and a panel of errors.

    The skeleton (orange) and the thin gripper axes are projected at the *estimated* pose, so that their offset from the
    robot in the image shows the estimate error. The goal (yellow, thick axes) is projected at its true pose.

    Returns:
        ``(height + panel, W, 3)`` uint8.
    """
    now = env.snapshot
    width = 2 * round(0.5 * now.camera.width * height / now.camera.height)
    smooth = cv2.INTER_AREA if height <= now.camera.height else cv2.INTER_CUBIC
    canvas = cv2.resize(env.image(), (width, height), interpolation=smooth).astype(np.uint8)
    camera = now.camera.resized(width, height)
    _axes(canvas, camera, now.camera_T_goal, thickness=3)
    draw_disc(canvas, camera.project(now.camera_T_goal.translation), 6, _GOAL)
    if info["estimate_known"] and now.estimate.valid:
        pose = now.estimate.camera_T_base
        points = np.vstack(
            [
                env.kinematics.keypoints(now.joint_positions),
                env.kinematics.base_T_ee(now.joint_positions).translation,
            ]
        )
        pixels = camera.project(pose.apply(points))
        for a, b in pairwise(pixels):
            draw_line(canvas, a, b, _SKELETON, 2)
        for pixel in pixels[:-1]:
            draw_disc(canvas, pixel, 4, _SKELETON)
        _axes(canvas, camera, pose * env.kinematics.base_T_ee(now.joint_positions), thickness=1)
    return np.vstack([canvas, _panel(info, width)])


def _panel(info: dict[str, Any], width: int) -> NDArray[np.uint8]:
    panel = np.full((64, width, 3), _PANEL, dtype=np.uint8)
    for i, name in enumerate(("true", "apparent", "estimate")):
        x = 12 + i * int(0.27 * width)
        draw_text(panel, f"{name} error", (x, 22), _MUTED)
        position = 1e3 * info[f"{name}_position_error_m"]
        rotation = float(np.degrees(info[f"{name}_rotation_error_rad"]))
        shown = f"{position:.1f} mm  {rotation:.2f} deg" if name == "true" or info["estimate_known"] else "-"
        draw_text(panel, shown, (x, 46), _TEXT)
    x = 12 + int(0.81 * width)
    draw_text(panel, f"t = {info['time_s']:.1f} s", (x, 22), _MUTED)
    state = "at goal" if info["is_success"] else info["controller_mode"]
    draw_text(panel, state, (x, 46), _BAD if info["controller_mode"] != "servo" else _TEXT)
    return panel


def _axes(canvas: NDArray[np.uint8], camera: PinholeCamera, pose: RigidTransform, thickness: int) -> None:
    ends = camera.project(pose.apply(np.vstack([np.zeros(3), _AXIS_M * np.eye(3)])))
    for end, colour in zip(ends[1:], _AXES, strict=True):
        draw_line(canvas, ends[0], end, colour, thickness)
