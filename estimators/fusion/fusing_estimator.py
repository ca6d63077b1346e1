"""Estimators that make more of another one's poses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import GroundTruth, PoseEstimate, PoseEstimator
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.runs.configuration import require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["FusingEstimator", "SourceConfig", "check_source"]

_COMMON = ("systematic_m", "systematic_rad")


class SourceConfig(Protocol):
    """Settings that name the estimator whose poses are used."""

    @property
    def source(self) -> str:
        """Its name."""

    @property
    def source_config(self) -> Mapping[str, Any]:
        """Its configuration."""

    @property
    def systematic_m(self) -> float | None:
        """What its frames have in common (see ``PoseEstimator.systematic_m``), if the source is not to be asked."""

    @property
    def systematic_rad(self) -> float | None:
        """The same of the rotation."""


class FusingEstimator(PoseEstimator):
    """Asks another estimator for each frame's pose, and answers with what all of them say together.

    Attributes:
        source: The other estimator.
        common: ``(6, 6)`` part of its covariances that all frames have in common.
    """

    def __init__(self, kinematics: RobotKinematics, config: SourceConfig) -> None:
        """Make the source.

        Raises:
            ValueError: If its name or configuration is not valid.
        """
        from ctr_env.estimators.registry import make_estimator

        self.source = make_estimator(config.source, config.source_config, kinematics)
        self.needs_image, self.needs_board = self.source.needs_image, self.source.needs_board
        self.needs_truth = self.source.needs_truth
        self.image_size, self.sees_gripper = self.source.image_size, self.source.sees_gripper
        self.systematic_m = self.source.systematic_m if config.systematic_m is None else config.systematic_m
        self.systematic_rad = self.source.systematic_rad if config.systematic_rad is None else config.systematic_rad
        self.common = systematic_covariance(self.systematic_m, self.systematic_rad)

    def reset(self, rng: np.random.Generator) -> None:
        """Forget all frames."""
        self.source.reset(rng)
        self.forget()

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the source."""
        self.source.observe_truth(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from this frame and those before it.

        Raises:
            ValueError: If the source needs what the frame lacks.
        """
        return self.take(frame, self.source.estimate(frame))

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time, each from it and those before it."""
        return [self.take(*each) for each in zip(frames, self.source.estimate_batch(frames), strict=True)]

    @abstractmethod
    def forget(self) -> None:
        """Begin again with nothing."""

    @abstractmethod
    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Take in what the source made of a frame; the pose now."""


def check_source(config: SourceConfig, own: str) -> None:
    """Refuse an estimator that would wrap itself, and common errors that are no lengths and angles.

    Raises:
        ValueError: Then.
    """
    if config.source == own:
        raise ValueError(f"{own} cannot take its poses from itself; name another estimator as source")
    require_range(config, 0.0, 100.0, *(name for name in _COMMON if getattr(config, name) is not None))
