"""Contact sheet of evaluated frames: best, median, worst and invalid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.drawing.contact_sheet import Row, Tile, contact_sheet
from ctr_env.drawing.primitives import draw_mask_boundary, draw_skeleton
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["Shown", "pose_sheet", "sheet_rows"]

Shown = tuple[LabelledFrame, PoseEstimate, Mapping[str, Any]]
"""A frame, its estimate and its record."""

_COLUMNS = 4
_WIDTH, _HEIGHT = 480, 360
_TRUE, _ESTIMATED, _MASK = (80, 225, 110), (255, 150, 30), (90, 200, 255)


def sheet_rows(records: Mapping[int, Mapping[str, Any]]) -> dict[str, list[int]]:
    """The frames to show.

    Args:
        records: Records of frames by index.

    Returns:
        Indices by the title of their row: the best, median and worst valid estimates by ADD, and the first invalid
        ones. No frame is shown twice; empty rows are omitted.
    """
    valid = sorted((i for i, record in records.items() if record["valid"]), key=lambda i: (records[i]["add_m"], i))
    rest = valid[_COLUMNS:-_COLUMNS]
    middle = max(0, (len(rest) - _COLUMNS) // 2)
    rows = {
        "best": valid[:_COLUMNS],
        "median": rest[middle : middle + _COLUMNS],
        "worst valid": valid[_COLUMNS:][-_COLUMNS:],
        "invalid": [i for i, record in records.items() if not record["valid"]][:_COLUMNS],
    }
    return {title: indices for title, indices in rows.items() if indices}


def pose_sheet(rows: Mapping[str, Sequence[Shown]], kinematics: RobotKinematics) -> NDArray[np.uint8]:
    """Frames with the true (green) and the estimated (orange) skeleton, and the predicted mask's boundary (blue).

    Args:
        rows: Frames by the title of their row.
        kinematics: The robot in them.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    legend = {"true": _TRUE, "estimated": _ESTIMATED}
    if any(estimate.mask is not None for shown in rows.values() for _, estimate, _ in shown):
        legend["predicted mask"] = _MASK
    row_tiles = [Row([_tile(each, kinematics) for each in shown], title) for title, shown in rows.items()]
    return contact_sheet(row_tiles, (_WIDTH, _HEIGHT), legend=legend)


def _tile(shown: Shown, kinematics: RobotKinematics) -> Tile:
    labelled, estimate, record = shown
    camera = _fitted(labelled.camera)
    size = camera.width, camera.height
    image: NDArray[np.uint8] = cv2.resize(labelled.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    if estimate.mask is not None:
        draw_mask_boundary(image, estimate.mask, _MASK, thickness=2)
    points = kinematics.keypoints(labelled.joint_positions)
    if labelled.camera_T_base is not None:
        draw_skeleton(image, camera.project(labelled.camera_T_base.apply(points)), _TRUE, 4)
    elif labelled.marked is not None:
        u, v = labelled.marked.pixel * (camera.width / labelled.camera.width)
        cv2.circle(image, (round(u), round(v)), 6, _TRUE, 2, cv2.LINE_AA)
    if estimate.valid:
        draw_skeleton(image, camera.project(estimate.camera_T_base.apply(points)), _ESTIMATED, 2)
    return Tile(image, _caption(record), warning=not estimate.valid)


def _fitted(camera: PinholeCamera) -> PinholeCamera:
    """The camera of the image as large as a tile allows."""
    scale = min(_WIDTH / camera.width, _HEIGHT / camera.height)
    return camera.resized(max(1, round(scale * camera.width)), max(1, round(scale * camera.height)))


def _caption(record: Mapping[str, Any]) -> tuple[str, str]:
    where = f"{record['name']}, {record['distance_m']:.2f} m"
    if not record["valid"]:
        return record["reason"], where
    error = f"ADD {1e3 * record['add_m']:.1f} mm"
    if record["rotation_error_rad"] is not None:
        angle = np.degrees(record["rotation_error_rad"])
        error += f"; base {1e3 * record['translation_error_m']:.1f} mm, {angle:.2f} deg"
    return error, where
