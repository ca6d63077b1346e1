"""The perfect estimator: the upper bound of what a servo loop can reach."""

from __future__ import annotations

import numpy as np

from ctr_env.datasets.frame import Frame

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .truth_memory import TruthMemory

__all__ = ["GroundTruthEstimator"]


class GroundTruthEstimator(PoseEstimator):
    """Returns the true poses of a frame; not valid (``"no_truth"``) where none were given for its time."""

    needs_image = False
    needs_truth = True
    sees_gripper = True

    def __init__(self) -> None:
        """Start without any truth."""
        self._truths = TruthMemory()

    def reset(self, rng: np.random.Generator) -> None:
        """Forget all truths."""
        self._truths.clear()

    def observe_truth(self, truth: GroundTruth) -> None:
        """Remember the true poses of a frame."""
        self._truths.add(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """The true poses, with zero covariance."""
        truth = self._truths.at(frame.time_s)
        if truth is None:
            return PoseEstimate.invalid("no_truth", frame.time_s)
        covariance = np.zeros((6, 6))
        return PoseEstimate(truth.camera_T_base, covariance, True, frame.time_s, camera_T_ee=truth.camera_T_ee)
