"""A page that lets a person judge a calibration at a glance."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.drawing.primitives import draw_mask_boundary, draw_text
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator

from .calibrate import Calibration, FrameFit
from .pseudo_label import posed_mask

__all__ = ["calibration_page"]

_COLUMNS, _MOST = 4, 16
_TILE = 420  # pixels wide
_STRIP, _HEADER, _GAP = 28, 64, 4
_SILHOUETTE = (255, 140, 30)
_TEXT, _MUTED, _BAD = (30, 30, 30), (110, 115, 122), (190, 40, 30)
_POOR = 0.3


def calibration_page(
    calibration: Calibration, frames: Mapping[str, Frame], estimator: CtRNetEstimator, flipped: bool = False
) -> NDArray[np.uint8]:
    """Images with the robot's silhouette at the calibrated pose: it should sit on the robot in all of them.

    Args:
        calibration: The result.
        frames: Its images, by name.
        estimator: What it was made with.
        flipped: Whether these images are the robot's in a mirror, and shown as they were before.

    Returns:
        ``(H, W, 3)`` uint8; at most 16 images, the worst fits first among those chosen.
    """
    order = sorted(calibration.fits, key=lambda fit: fit.pseudo_label.contour_inlier_ratio)
    chosen = [order[i] for i in np.unique(np.linspace(0, len(order) - 1, min(_MOST, len(order))).round().astype(int))]
    tiles = [_tile(calibration, fit, frames[fit.name], estimator, flipped) for fit in chosen]
    height = max(tile.shape[0] for tile in tiles)
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    page = np.full((_HEADER + rows * (height + _GAP), columns * (_TILE + _GAP) - _GAP, 3), 255, np.uint8)
    deviations = np.sqrt(np.diag(calibration.covariance))
    draw_text(page, "the silhouette (orange) at the calibrated pose, worst fits first", (4, 24), _TEXT)
    known = f"known to {1e3 * deviations[:3].max():.1f} mm and {np.degrees(deviations[3:].max()):.2f} deg"
    draw_text(page, f"{len(calibration.fits)} images; {known}", (4, 50), _MUTED)
    for i, tile in enumerate(tiles):
        y, x = _HEADER + i // columns * (height + _GAP), i % columns * (_TILE + _GAP)
        page[y : y + tile.shape[0], x : x + _TILE] = tile
    return page


def _tile(
    calibration: Calibration, fit: FrameFit, frame: Frame, estimator: CtRNetEstimator, flipped: bool
) -> NDArray[np.uint8]:
    assert frame.image is not None
    height = round(_TILE * frame.camera.height / frame.camera.width)
    image = cv2.resize(frame.image, (_TILE, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    draw_mask_boundary(image, posed_mask(estimator.pipeline.model.view(frame), calibration.camera_T_base), _SILHOUETTE)
    if flipped:
        image = image[:, ::-1]
    strip = np.full((_STRIP, _TILE, 3), 255, np.uint8)
    poor = fit.pseudo_label.contour_inlier_ratio < _POOR
    said = f"contour {fit.pseudo_label.contour_inlier_ratio:.0%}, mask IoU {fit.pseudo_label.mask_iou:.2f}"
    alone = (
        f"alone {1e3 * np.linalg.norm(fit.twist[:3]):.0f} mm, {np.degrees(np.linalg.norm(fit.twist[3:])):.1f} deg off"
        if fit.own.valid
        else f"alone: {fit.own.reason}"
    )
    draw_text(strip, f"{fit.name}: {said}; {alone}", (4, 19), _BAD if poor else _MUTED)
    return np.vstack([image, strip])
