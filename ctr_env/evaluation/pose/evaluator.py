"""Estimating single frames, each independently of the others."""

from __future__ import annotations

import time
import zlib
from typing import Any

import numpy as np

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .records import frame_record

__all__ = ["FrameEvaluator"]


class FrameEvaluator:
    """Runs an estimator on labelled frames.

    The estimator is reset before each frame, with a generator that depends on the seed and the frame's name only, so
    that an estimate does not depend on which frames were estimated before it.
    """

    def __init__(self, estimator: PoseEstimator, kinematics: RobotKinematics, seed: int) -> None:
        """Choose the estimator.

        Args:
            estimator: The estimator.
            kinematics: The robot in the frames.
            seed: Seed of the estimator's random draws.
        """
        self._estimator, self._kinematics, self._seed = estimator, kinematics, seed
        self._warm = False

    def record(self, labelled: LabelledFrame) -> dict[str, Any]:
        """The metrics of a frame (see :func:`.frame_record`).

        The first frame is estimated once more beforehand, so that its latency does not include lazy loading.
        """
        if not self._warm:
            self.estimate(labelled)
            self._warm = True
        estimate, latency = self.estimate(labelled)
        return frame_record(labelled, estimate, self._kinematics, latency)

    def estimate(self, labelled: LabelledFrame) -> tuple[PoseEstimate, float]:
        """The estimate of a frame and the wall time of the call, seconds."""
        self._estimator.reset(np.random.default_rng([self._seed, zlib.crc32(labelled.name.encode())]))
        frame = labelled.frame()
        if self._estimator.needs_truth and labelled.camera_T_base is not None:
            self._estimator.observe_truth(GroundTruth(frame.time_s, labelled.camera_T_base))
        start = time.perf_counter()
        estimate = self._estimator.estimate(frame)
        return estimate, time.perf_counter() - start
