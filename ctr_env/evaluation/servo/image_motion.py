"""Metrics of the gripper's motion in the image and along the optical axis."""

from __future__ import annotations

import numpy as np

from .trace import Trace

__all__ = ["depth_excursion", "lost_from_view_share", "max_image_excursion"]


def max_image_excursion(trace: Trace) -> float | None:
    """Largest distance of the gripper from the image's centre, in halves of the image's width or height.

    The distance is the larger one of both axes, so that values above 1 are outside of the image and 1 is its border.
    Frames with the gripper behind the camera do not count.

    Returns:
        ``None`` if the trace has no positions in the image, or the gripper never is in front of the camera.
    """
    if "gripper_view" not in trace.series:
        return None
    distance = np.abs(trace["gripper_view"]).max(axis=1)
    distance = distance[np.isfinite(distance)]
    return float(distance.max()) if len(distance) else None


def lost_from_view_share(trace: Trace) -> float | None:
    """Share of the frames with the gripper's origin outside of the image or behind the camera.

    Returns:
        ``None`` if the trace has no positions in the image.
    """
    if "gripper_view" not in trace.series:
        return None
    inside = (np.abs(trace["gripper_view"]) <= 1.0).all(axis=1)  # not a number is not inside
    return float(1.0 - inside.mean())


def depth_excursion(trace: Trace) -> float:
    """How far the gripper's depth in the camera leaves the interval between its first value and the goal's, metres.

    The retreat of image-based servoing under a rotation about the optical axis (Chaumette, 1998) shows in it.
    """
    depth, goal = trace["gripper_camera_m"][:, 2], trace["goal_camera_m"][:, 2]
    low, high = np.minimum(depth[0], goal), np.maximum(depth[0], goal)
    return float(np.max(np.maximum(np.maximum(low - depth, depth - high), 0.0)))
