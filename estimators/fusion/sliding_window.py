"""One pose over many frames of a camera that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .fuse import fuse
from .fusing_estimator import FusingEstimator, check_source
from .joint_configurations import SAME_CONFIGURATION_RAD, JointConfiguration, grouped

__all__ = ["SlidingWindowConfig", "SlidingWindowEstimator"]


@dataclass(frozen=True, kw_only=True)
class SlidingWindowConfig:
    """Whose poses are fused, and how many."""

    source: str = "ctrnet"
    """Estimator of single frames, by name."""
    source_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    configurations: int = 50
    """Most joint configurations that are remembered; then the least informative one is forgotten."""
    same_configuration_rad: float = SAME_CONFIGURATION_RAD
    """Joint configurations that differ by less, in every joint, are one: an estimator errs in the same way in all their frames."""
    systematic_m: float | None = None
    """Standard deviation of what all frames have in common, and no window averages out, metres; none: as the source
    says (see ``PoseEstimator.systematic_m``)."""
    systematic_rad: float | None = None
    """The same for its rotation, radians."""
    longest_gap_s: float = 5.0
    """Time without a measurement after which the pose is not valid, seconds."""

    def __post_init__(self) -> None:
        """Check every value."""
        check_source(self, "sliding_window")
        require_range(self, 1, 10_000, "configurations")
        require_range(self, 0.0, 10.0, "same_configuration_rad")
        require_range(self, 0.0, 1e9, "longest_gap_s")


class SlidingWindowEstimator(FusingEstimator):
    """Fuses the poses of many frames of a fixed camera (see :func:`~ctr_env.estimators.fusion.fuse.fuse`).

    The window is one of information, not of time: frames of the same joint configuration count once, however many they are, because
    what is wrong in one is wrong in the others; when there are too many joint configurations the one that tells least goes. The
    camera stands still, so the pose is that of now: while the source finds nothing it stands, for ``longest_gap_s``.
    """

    def __init__(
        self, kinematics: RobotKinematics, config: SlidingWindowConfig | Mapping[str, Any] | None = None
    ) -> None:
        """Make the source.

        Raises:
            ValueError: If a field or the source is unknown or out of range.
        """
        self.config = config_from_mapping(SlidingWindowConfig, config)
        super().__init__(kinematics, self.config)
        self.forget()

    def forget(self) -> None:
        """Begin again with nothing."""
        self._window: list[JointConfiguration] = []
        self._time_s = 0.0

    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Take in a frame's pose; that of the whole window."""
        if measured.valid:
            self._remember(frame.joint_positions, measured)
            self._time_s = measured.time_s
        if not self._window:
            return measured
        known = frame.time_s - self._time_s <= self.config.longest_gap_s
        fused = fuse([p.pose for p in self._window], [p.covariance for p in self._window], common=self.common)
        return replace(
            measured,
            camera_T_base=fused.pose,
            covariance=fused.covariance,
            valid=known,
            reason="" if known else "no_measurement",
            time_s=frame.time_s if known else self._time_s,
            camera_T_ee=measured.camera_T_ee if measured.valid and measured.time_s == frame.time_s else None,
        )

    def _remember(self, joints: NDArray[np.float64], measured: PoseEstimate) -> None:
        c = self.config
        grouped(self._window, joints, measured.camera_T_base, measured.covariance, c.same_configuration_rad)
        if len(self._window) > c.configurations:
            uncertainty = [np.linalg.slogdet(configuration.covariance)[1] for configuration in self._window]
            del self._window[int(np.argmax(uncertainty))]
