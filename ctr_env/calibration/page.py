"""Contact sheet of a calibration: the robot's silhouette at the calibrated pose in each image."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.drawing.contact_sheet import Tile, contact_sheet, grid
from ctr_env.drawing.primitives import draw_mask_boundary
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator

from .calibrate import Calibration, FrameFit
from .pseudo_label import posed_mask

__all__ = ["calibration_page"]

_COLUMNS, _MOST = 4, 16
_TILE = 420  # pixels wide
_SILHOUETTE = (255, 140, 30)
_POOR = 0.3


def calibration_page(
    calibration: Calibration, frames: Mapping[str, Frame], estimator: CtRNetEstimator, flipped: bool = False
) -> NDArray[np.uint8]:
    """Images with the contour of the silhouette at the calibrated pose, which should coincide with the robot in all.

    Args:
        calibration: The calibration.
        frames: Its images by name.
        estimator: The estimator that was used for it.
        flipped: Whether the images are mirrored; they are shown unmirrored.

    Returns:
        ``(H, W, 3)`` uint8; at most 16 images.
    """
    order = sorted(calibration.fits, key=lambda fit: fit.pseudo_label.contour_inlier_ratio)
    chosen = [order[i] for i in np.unique(np.linspace(0, len(order) - 1, min(_MOST, len(order))).round().astype(int))]
    tiles = [_tile(calibration, fit, frames[fit.name], estimator, flipped) for fit in chosen]
    deviations = np.sqrt(np.diag(calibration.covariance))
    header = (
        "images by contour inlier ratio, lowest first",
        f"{len(calibration.fits)} images; largest standard deviations {1e3 * deviations[:3].max():.1f} mm, "
        f"{np.degrees(deviations[3:].max()):.2f} deg",
    )
    size = _TILE, max(tile.image.shape[0] for tile in tiles)
    return contact_sheet(grid(tiles, _COLUMNS), size, header, {"silhouette at the calibrated pose": _SILHOUETTE})


def _tile(calibration: Calibration, fit: FrameFit, frame: Frame, estimator: CtRNetEstimator, flipped: bool) -> Tile:
    assert frame.image is not None
    height = round(_TILE * frame.camera.height / frame.camera.width)
    image = cv2.resize(frame.image, (_TILE, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    draw_mask_boundary(image, posed_mask(estimator.pipeline.model.view(frame), calibration.camera_T_base), _SILHOUETTE)
    if flipped:
        image = image[:, ::-1]
    label = fit.pseudo_label
    agreement = f"{fit.name}: contour inliers {label.contour_inlier_ratio:.0%}, mask IoU {label.mask_iou:.2f}"
    distance, angle = np.linalg.norm(fit.twist[:3]), np.linalg.norm(fit.twist[3:])
    own_pose = (
        f"own pose: {1e3 * distance:.0f} mm, {np.degrees(angle):.1f} deg away"
        if fit.own.valid
        else f"own pose: invalid, {fit.own.reason}"
    )
    return Tile(image, (agreement, own_pose), warning=label.contour_inlier_ratio < _POOR)
