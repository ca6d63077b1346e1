"""The simulator's own answer: what servoing is worth when the estimate is perfect."""

from __future__ import annotations

import numpy as np

from ctr_env.datasets.frame import Frame

from .base import PoseEstimate, PoseEstimator

__all__ = ["GroundTruthEstimator"]


class GroundTruthEstimator(PoseEstimator):
    """Returns the true ``camera_T_base`` of every frame; not valid (``"no_truth"``) for frames that carry none."""

    needs_image = False
    sees_gripper = True

    def estimate(self, frame: Frame) -> PoseEstimate:
        """The truth, with zero covariance."""
        if frame.true_camera_T_base is None:
            return PoseEstimate.invalid("no_truth", frame.time_s)
        return PoseEstimate(
            frame.true_camera_T_base,
            np.zeros((6, 6)),
            valid=True,
            time_s=frame.time_s,
            camera_T_ee=frame.true_camera_T_ee,
        )
