"""Pseudo-labels: poses of unlabelled images, and how well they agree with what the network detects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.ctrnet.contour_alignment import masked_robots
from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis
from ctr_env.estimators.ctrnet.robot_model import RobotView
from ctr_env.estimators.silhouette.contour import Lens, silhouette

__all__ = ["PseudoLabel", "posed_mask", "pseudo_label"]


@dataclass(frozen=True)
class PseudoLabel:
    """The pose of one unlabelled image.

    Attributes:
        camera_T_base: The pose; ``None`` where PnP failed.
        contour_inlier_ratio: Share of the projected mesh contour within two pixels of the mask boundary.
        mask_iou: Intersection over union of the predicted mask and the silhouette.
        keypoint_error: Weighted RMS distance between detected and projected keypoints, as a share of their extent.
        usable: Whether it is good enough to train on. The shared pose of a static camera is usable in every image, also
            where the network does not detect the robot yet: those images teach most.
    """

    camera_T_base: RigidTransform | None
    contour_inlier_ratio: float
    mask_iou: float
    keypoint_error: float
    usable: bool

    @property
    def score(self) -> float:
        """Agreement of mask, silhouette, contour and keypoints, 0 to 1; needs no label."""
        if self.camera_T_base is None:
            return 0.0
        return 0.5 * (self.mask_iou + self.contour_inlier_ratio) * float(np.exp(-10.0 * self.keypoint_error))


def pseudo_label(view: RobotView, hypothesis: PoseHypothesis, usable: bool) -> PseudoLabel:
    """The pseudo-label that a hypothesis makes."""
    if not hypothesis.located:
        return PseudoLabel(None, 0.0, 0.0, np.inf, usable=False)
    pose, found = hypothesis.camera_T_base, hypothesis.detected
    masked = masked_robots([view], [hypothesis])
    ((vertices, mask_view),) = masked.seen
    shape = mask_view.mask.shape[::-1]
    drawn = silhouette(view.model.surface, vertices, masked.to_crop(pose), mask_view.lens, shape)
    predicted = mask_view.mask > 0.5
    iou = float((drawn & predicted).sum() / max((drawn | predicted).sum(), 1))
    away = view.camera.project(pose.apply(view.keypoints)) - found.pixels
    weight = np.where(hypothesis.used, 1.0 / found.variance, 0.0)
    squares = np.where(np.isfinite(away).all(axis=1), np.sum(np.nan_to_num(away) ** 2, axis=1), 0.0)
    error = np.sqrt(float(np.sum(weight * squares) / max(weight.sum(), 1e-12)))
    extent = _extent(found.pixels[hypothesis.used])
    return PseudoLabel(pose, hypothesis.contour_inlier_ratio, iou, error / extent, usable)


def posed_mask(view: RobotView, camera_T_base: RigidTransform) -> NDArray[np.bool_]:
    """``(H, W)`` silhouette of the robot in an image without lens distortion."""
    c = view.camera
    return silhouette(
        view.model.surface, view.vertices, camera_T_base, Lens(c.fx, c.fy, c.cx, c.cy), (c.width, c.height)
    )


def _extent(pixels: NDArray[np.float64]) -> float:
    return float(max(np.ptp(pixels, axis=0).max(), 1.0)) if len(pixels) else 1.0
