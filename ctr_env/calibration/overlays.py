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

from .pseudo_label import posed_mask
from .result import POOR_FIT, Calibration, FrameFit

__all__ = ["agreement", "overlay", "overlay_sheet"]

_COLUMNS, _MOST = 4, 16
_TILE = 420  # pixels wide
_SILHOUETTE = (255, 140, 30)


def overlay_sheet(
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


def overlay(
    calibration: Calibration, frame: Frame, estimator: CtRNetEstimator, width: int, flipped: bool = False
) -> NDArray[np.uint8]:
    """An image of a width, pixels, with the contour of the silhouette at the calibrated pose.

    Arguments as those of :func:`overlay_sheet`.
    """
    assert frame.image is not None
    height = round(width * frame.camera.height / frame.camera.width)
    image = cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    draw_mask_boundary(image, posed_mask(estimator.pipeline.model.view(frame), calibration.camera_T_base), _SILHOUETTE)
    return np.ascontiguousarray(image[:, ::-1]) if flipped else image


def agreement(fit: FrameFit) -> tuple[str, str]:
    """Two short texts: how an image agrees with the calibrated pose, and how far its own estimate is from that."""
    label = fit.pseudo_label
    fits = f"contour inliers {label.contour_inlier_ratio:.0%}, mask IoU {label.mask_iou:.2f}"
    if not fit.own.valid:
        return fits, f"own pose: invalid, {fit.own.reason}"
    distance, angle = np.linalg.norm(fit.twist[:3]), np.linalg.norm(fit.twist[3:])
    return fits, f"own pose: {1e3 * distance:.0f} mm, {np.degrees(angle):.1f} deg away"


def _tile(calibration: Calibration, fit: FrameFit, frame: Frame, estimator: CtRNetEstimator, flipped: bool) -> Tile:
    image = overlay(calibration, frame, estimator, _TILE, flipped)
    fits, own_pose = agreement(fit)
    poor = fit.pseudo_label.contour_inlier_ratio < POOR_FIT
    return Tile(image, (f"{fit.name}: {fits}", own_pose), warning=poor)
