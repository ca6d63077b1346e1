"""A sheet of evaluated frames: the best, the middling, the worst, and the rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.drawing.primitives import draw_disc, draw_line, draw_text
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["Tile", "pose_sheet", "sheet_rows"]

Tile = tuple[LabelledFrame, PoseEstimate, Mapping[str, Any]]
"""A frame, its estimate and its record."""

_COLUMNS = 4
_WIDTH, _HEIGHT = 480, 360
_GAP, _STRIP, _HEADER = 6, 30, 34
_TRUE, _ESTIMATED, _MASK = (80, 225, 110), (255, 150, 30), (90, 200, 255)
_TEXT, _MUTED, _BAD = (30, 30, 30), (110, 115, 122), (190, 40, 30)
_BACKGROUND = 255


def sheet_rows(records: Mapping[int, Mapping[str, Any]]) -> dict[str, list[int]]:
    """Which frames to show.

    Args:
        records: Records of frames by index.

    Returns:
        Indices by the title of their row: best, median and worst of the frames with a valid estimate, by ADD, and the
        first that have none. No frame is shown twice; rows without frames are left out.
    """
    valid = sorted((i for i, record in records.items() if record["valid"]), key=lambda i: (records[i]["add_m"], i))
    rest = valid[_COLUMNS:-_COLUMNS]
    middle = max(0, (len(rest) - _COLUMNS) // 2)
    rows = {
        "best": valid[:_COLUMNS],
        "median": rest[middle : middle + _COLUMNS],
        "worst that are valid": valid[_COLUMNS:][-_COLUMNS:],
        "not valid": [i for i, record in records.items() if not record["valid"]][:_COLUMNS],
    }
    return {title: indices for title, indices in rows.items() if indices}


def pose_sheet(rows: Mapping[str, Sequence[Tile]], kinematics: RobotKinematics) -> NDArray[np.uint8]:
    """Frames with the true (green) and the estimated (orange) skeleton, and the predicted mask's contour (blue).

    Args:
        rows: Frames by the title of their row.
        kinematics: The robot in them.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    columns = max(len(tiles) for tiles in rows.values())
    width = columns * (_WIDTH + _GAP) - _GAP
    masks = any(estimate.mask is not None for tiles in rows.values() for _, estimate, _ in tiles)
    parts = [_legend(width, masks)]
    for title, tiles in rows.items():
        header = _blank(_HEADER, width)
        cv2.putText(header, title, (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, _TEXT, 2, cv2.LINE_AA)
        row = _blank(_HEIGHT + _STRIP, width)
        for i, tile in enumerate(tiles):
            x = i * (_WIDTH + _GAP)
            row[:, x : x + _WIDTH] = _tile(tile, kinematics)
        parts += [header, row]
    return np.vstack(parts)


def _tile(tile: Tile, kinematics: RobotKinematics) -> NDArray[np.uint8]:
    labelled, estimate, record = tile
    camera, left, top = _fitted(labelled.camera)
    size = camera.width, camera.height
    image: NDArray[np.uint8] = cv2.resize(labelled.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    if estimate.mask is not None:
        _contour(image, estimate.mask)
    points = kinematics.keypoints(labelled.joint_positions)
    if labelled.camera_T_base is not None:
        _skeleton(image, camera, labelled.camera_T_base, points, _TRUE, 4)
    elif labelled.marked is not None:
        u, v = labelled.marked.pixel * (camera.width / labelled.camera.width)
        cv2.circle(image, (round(u), round(v)), 6, _TRUE, 2, cv2.LINE_AA)
    if estimate.valid:
        _skeleton(image, camera, estimate.camera_T_base, points, _ESTIMATED, 2)
    canvas = _blank(_HEIGHT + _STRIP, _WIDTH)
    canvas[top : top + camera.height, left : left + camera.width] = image
    _caption(canvas, record)
    return canvas


def _fitted(camera: PinholeCamera) -> tuple[PinholeCamera, int, int]:
    """The camera of the image as large as a tile allows, and where its left upper corner lies."""
    scale = min(_WIDTH / camera.width, _HEIGHT / camera.height)
    small = camera.resized(max(1, round(scale * camera.width)), max(1, round(scale * camera.height)))
    return small, (_WIDTH - small.width) // 2, (_HEIGHT - small.height) // 2


def _caption(canvas: NDArray[np.uint8], record: Mapping[str, Any]) -> None:
    y = _HEIGHT + 20
    if record["valid"]:
        draw_text(canvas, f"ADD {1e3 * record['add_m']:.1f} mm", (4, y), _TEXT)
        if record["rotation_error_rad"] is not None:
            turn = np.degrees(record["rotation_error_rad"])
            draw_text(canvas, f"{1e3 * record['translation_error_m']:.1f} mm {turn:.2f} deg", (140, y), _MUTED)
    else:
        draw_text(canvas, record["reason"], (4, y), _BAD)
    draw_text(canvas, f"{record['name']}  {record['distance_m']:.2f} m", (320, y), _MUTED)


def _legend(width: int, masks: bool) -> NDArray[np.uint8]:
    strip = _blank(_HEADER, width)
    entries = [("true", _TRUE), ("estimated", _ESTIMATED), ("predicted mask", _MASK)]
    for i, (label, colour) in enumerate(entries if masks else entries[:2]):
        x = 4 + 130 * i
        cv2.line(strip, (x, 18), (x + 28, 18), colour, 4, cv2.LINE_AA)
        draw_text(strip, label, (x + 36, 23), _TEXT)
    return strip


def _skeleton(
    canvas: NDArray[np.uint8],
    camera: PinholeCamera,
    pose: RigidTransform,
    points: NDArray[np.float64],
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    pixels = camera.project(pose.apply(points))
    for a, b in pairwise(pixels):
        draw_line(canvas, a, b, colour, thickness)
    for pixel in pixels:
        draw_disc(canvas, pixel, thickness + 1, colour)


def _contour(canvas: NDArray[np.uint8], mask: NDArray[np.float32]) -> None:
    height, width = canvas.shape[:2]
    found = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) >= 0.5
    contours, _ = cv2.findContours(found.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, contours, -1, _MASK, 2)


def _blank(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _BACKGROUND, dtype=np.uint8)
