"""Stage 7, accept: whether a hypothesis becomes a valid estimate."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .hypothesis import PoseHypothesis
from .uncertainty import UncertaintyModel

__all__ = ["AcceptanceLimits", "rejection_reason"]


class AcceptanceLimits(Protocol):
    """The fields of ``CtRNetConfig`` that decide about acceptance."""

    @property
    def min_keypoints(self) -> int:
        """Fewest keypoints."""

    @property
    def align_contour(self) -> bool:
        """Whether contours are aligned."""

    @property
    def min_contour_inlier_ratio(self) -> float:
        """Least contour inlier ratio."""

    @property
    def max_reprojection(self) -> float:
        """Largest RMS reprojection error, as a share of the robot's extent in the image."""

    @property
    def max_position_std(self) -> float:
        """Largest standard deviation of the base's position, metres."""


def rejection_reason(hypothesis: PoseHypothesis, limits: AcceptanceLimits, uncertainty: UncertaintyModel) -> str:
    """Why a hypothesis is rejected; empty where it is accepted.

    Args:
        hypothesis: After the last pass.
        limits: The estimator's configuration.
        uncertainty: The uncertainty model of the network.
    """
    ratio = hypothesis.contour_inlier_ratio
    if hypothesis.used.sum() < limits.min_keypoints:
        return "too_few_keypoints"
    if hypothesis.status:
        return hypothesis.status
    if limits.align_contour and ratio < limits.min_contour_inlier_ratio:
        return "contour_mismatch"
    extent = float(np.max(np.ptp(hypothesis.detected.pixels[hypothesis.used], axis=0)))
    if ratio < uncertainty.convincing_inlier_ratio and hypothesis.rms_px > limits.max_reprojection * extent:
        return "reprojection_error"
    geometric = uncertainty.pose_covariance(hypothesis.covariance)  # what the view alone determines
    return "uncertain" if np.trace(geometric[:3, :3]) > limits.max_position_std**2 else ""
