"""Base of estimators that combine the poses of many frames."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.base import GroundTruth, PoseEstimate, PoseEstimator
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.runs.configuration import require_range

from .fuse import is_covariance

__all__ = ["FusingConfig", "FusingEstimator"]

_SYSTEMATIC = ("systematic_m", "systematic_rad")


@dataclass(frozen=True, kw_only=True)
class FusingConfig:
    """The source of single-frame poses and the part of their errors that no number of frames averages out."""

    name: ClassVar[str]

    source: str = "ctrnet"
    """Estimator of single frames, by name."""
    source_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    systematic_m: float | None = None
    """Standard deviation of the systematic (frame-correlated) error of each position coordinate, metres; none: the
    source's own (:attr:`PoseEstimator.systematic_m`)."""
    systematic_rad: float | None = None
    """The same for the rotation vector, radians."""

    def __post_init__(self) -> None:
        """Reject an estimator that would wrap itself, and systematic errors out of range."""
        if self.source == self.name:
            raise ConfigurationError(f"{self.name} cannot take its poses from itself; name another estimator as source")
        require_range(self, 0.0, 100.0, *(name for name in _SYSTEMATIC if getattr(self, name) is not None))


class FusingEstimator(PoseEstimator):
    """Estimates each frame with a source and combines the result with those of earlier frames.

    An estimate whose covariance cannot weigh it (not finite, or not positive semidefinite) is not used: it counts as
    not valid, with the reason ``"invalid_covariance"``.

    Attributes:
        source: The estimator of single frames.
        systematic: ``(6, 6)`` part of its covariances that all frames share.
    """

    def __init__(self, source: PoseEstimator, config: FusingConfig) -> None:
        """Wrap an estimator of single frames, whose needs become this estimator's."""
        self.source = source
        self.needs_image, self.needs_board = source.needs_image, source.needs_board
        self.needs_truth = source.needs_truth
        self.image_size, self.sees_gripper = source.image_size, source.sees_gripper
        self.uncertainty_source = source.uncertainty_source
        self.systematic_m = source.systematic_m if config.systematic_m is None else config.systematic_m
        self.systematic_rad = source.systematic_rad if config.systematic_rad is None else config.systematic_rad
        self.systematic = systematic_covariance(self.systematic_m, self.systematic_rad)

    def reset(self, rng: np.random.Generator) -> None:
        """Forget all frames."""
        self.source.reset(rng)
        self.forget()

    def wants_image(self, time_s: float) -> bool:
        """Whether the source uses the image of a time."""
        return self.source.wants_image(time_s)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the source."""
        self.source.observe_truth(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from this frame and those before it.

        Raises:
            DataError: If the source needs what the frame lacks.
        """
        return self.take(frame, _checked(self.source.estimate(frame)))

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time, each from the frame and those before it."""
        measured = [_checked(estimate) for estimate in self.source.estimate_batch(frames)]
        return [self.take(*each) for each in zip(frames, measured, strict=True)]

    @classmethod
    def estimate_each(cls, estimators: Sequence[Self], frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of N sequences, each from the newest frame and those before it."""
        sources = [each.source for each in estimators]
        found = type(sources[0]).estimate_each(sources, frames)
        return [
            each.take(frame, _checked(measured))
            for each, frame, measured in zip(estimators, frames, found, strict=True)
        ]

    @abstractmethod
    def forget(self) -> None:
        """Discard the poses of all earlier frames, but not the state of the source."""

    @abstractmethod
    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Add the source's estimate of a frame.

        Returns:
            The pose now, from all frames so far.
        """


def _checked(measured: PoseEstimate) -> PoseEstimate:
    """The estimate, not valid if its covariance is none."""
    if not measured.valid or is_covariance(measured.covariance):
        return measured
    return replace(measured, valid=False, reason="invalid_covariance")
