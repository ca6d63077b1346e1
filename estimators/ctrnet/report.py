"""Stage 8, report: a hypothesis as a pose estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators.base import PoseEstimate

from .gripper import observe_gripper
from .hypothesis import Detection, PoseHypothesis
from .robot_model import RobotView
from .uncertainty import UncertaintyModel

__all__ = ["pose_estimate"]


def pose_estimate(
    view: RobotView, hypothesis: PoseHypothesis, reason: str, aligned: bool, uncertainty: UncertaintyModel
) -> PoseEstimate:
    """The estimate that a hypothesis stands for.

    Args:
        view: The image.
        hypothesis: After the last pass.
        reason: Why it is rejected; empty where it is accepted.
        aligned: Whether contours were aligned.
        uncertainty: The uncertainty model of the network.
    """
    ratio = hypothesis.contour_inlier_ratio if aligned else None
    return PoseEstimate(
        camera_T_base=hypothesis.camera_T_base,
        covariance=uncertainty.pose_covariance(hypothesis.covariance, ratio, hypothesis.joint_sensitivity),
        valid=not reason,
        time_s=view.time_s,
        reason=reason,
        keypoints_px=hypothesis.detected.pixels,
        keypoint_confidence=hypothesis.detected.confidence,
        mask_source=_Mask(hypothesis.detected, hypothesis.coarse),
        camera_T_ee=None if reason else observe_gripper(view, hypothesis),
        joint_sensitivity=hypothesis.joint_sensitivity,
        contour_inlier_ratio=ratio,
    )


@dataclass(frozen=True)
class _Mask:
    """``(H, W)`` mask of the last crop, and outside of it that of the coarse pass."""

    found: Detection
    coarse: Detection | None

    def __call__(self) -> NDArray[np.float32]:
        if self.coarse is None:
            return self.found.mask
        return np.where(self.found.crop.covers(*self.found.size), self.found.mask, self.coarse.mask)
