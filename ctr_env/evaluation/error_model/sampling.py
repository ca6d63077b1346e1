"""Sparse estimation in a loop with a static camera: most information per inference pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate, PoseEstimator

__all__ = ["SampledEstimator"]

_DENSE_S = 0.25  # from the start and before the end: consecutive frames
_PERIOD_S = 0.2  # between frames otherwise
_PATIENCE = 12  # consecutive frames that are searched after the pose was lost
_TICK = 1e-6


class SampledEstimator(PoseEstimator):
    """Gives its source some frames of an episode; between them the newest estimate holds, as the camera is static.

    Frames are consecutive during the first and the last quarter of a second, and for up to twelve frames after the
    pose was lost; elsewhere there are five a second. Errors that differ between consecutive frames, and those that
    change as the arm moves, are then both seen in a sixth of the frames.

    Attributes:
        sampled: Whether the newest frame was given to the source.
    """

    sampled: bool
    _newest: PoseEstimate | None
    _next_s: float
    _misses: int

    def __init__(self, source: PoseEstimator, duration_s: float) -> None:
        """Sample the frames of a source.

        Args:
            source: The estimator of a static camera.
            duration_s: Length of an episode, seconds.
        """
        self.source, self._duration_s = source, duration_s
        self.needs_image, self.image_size = source.needs_image, source.image_size
        self.needs_truth, self.sees_gripper = source.needs_truth, source.sees_gripper
        self.systematic_m, self.systematic_rad = source.systematic_m, source.systematic_rad
        self.uncertainty_source = source.uncertainty_source
        self._forget()

    def reset(self, rng: np.random.Generator) -> None:
        """Reset the source and start the schedule."""
        self.source.reset(rng)
        self._forget()

    def wants_image(self, time_s: float) -> bool:
        """Whether the source is given the frame of a time, and uses its image."""
        return self._due(time_s) and self.source.wants_image(time_s)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the source."""
        self.source.observe_truth(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """The source's estimate of this frame, or the newest one at the present time."""
        self.sampled = self._due(frame.time_s)
        if self.sampled or self._newest is None:
            self._newest = self.source.estimate(frame)
            self._next_s = frame.time_s + _PERIOD_S
            self._misses = 0 if self._newest.valid else self._misses + 1
        return replace(self._newest, time_s=frame.time_s)

    def _due(self, time_s: float) -> bool:
        dense = time_s < _DENSE_S or time_s > self._duration_s - _DENSE_S
        lost = 0 < self._misses < _PATIENCE
        return dense or lost or time_s >= self._next_s - _TICK

    def _forget(self) -> None:
        self.sampled = False
        self._newest = None
        self._next_s, self._misses = 0.0, 0
