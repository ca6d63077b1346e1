"""A Kalman filter on SE(3) for cameras that move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate
from ctr_env.geometry import moved, twist_between
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .fuse import independent_and_systematic
from .fusing_estimator import FusingEstimator, check_source

__all__ = ["PoseFilterConfig", "PoseFilterEstimator"]

_EXACT = 1e-14  # square metres and radians: variance of what claims to be exact


@dataclass(frozen=True, kw_only=True)
class PoseFilterConfig:
    """Whose poses are filtered, how the camera moves, and what is believed.

    The defaults of the walk and of the correlation fit ``ctrnet`` and the moving camera of the ``Track`` environments:
    found on 8 cameras that no figure is of (``benchmarks/fusion.py --moving --first 1000 --seeds 8``).
    """

    source: str = "ctrnet"
    """Estimator of single frames, by name."""
    source_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    speed_m: float = 0.03
    """Random walk of the camera: standard deviation of each coordinate after one second, metres."""
    speed_rad: float = 0.03
    """The same for its rotation, radians."""
    correlation_s: float = 0.05
    """For how long an estimator errs in the same way: frames within that time count as one, seconds."""
    systematic_m: float | None = None
    """Standard deviation of what all frames have in common, and no filter takes out, metres; none: as the source says
    (see ``PoseEstimator.systematic_m``)."""
    systematic_rad: float | None = None
    """The same for its rotation, radians."""
    gate: float = 0.999
    """Share of right measurements that the gate lets through."""
    lost_after: int = 8
    """Measurements in a row outside the gate after which the filter begins again."""
    longest_gap_s: float = 1.0
    """Time without a measurement after which the pose is not valid, seconds."""

    def __post_init__(self) -> None:
        """Check every value."""
        check_source(self, "pose_filter")
        require_range(self, 0.0, 100.0, "speed_m", "speed_rad", "correlation_s")
        require_range(self, 0.5, 0.9999999, "gate")
        require_range(self, 1, 1_000_000, "lost_after")
        require_range(self, 0.0, 1e9, "longest_gap_s")


class PoseFilterEstimator(FusingEstimator):
    """Filters the poses of a camera that may move, as a random walk on SE(3), with the estimates' own covariances.

    The error state is the twist of ``PoseEstimate.covariance``. What all frames have in common is no part of it, and is
    added to the covariance in the end (see :func:`~ctr_env.estimators.fusion.fuse.fuse`). A measurement farther from
    the prediction than the rest of its covariance and the prediction's allow is left out; when that happens many times
    in a row the filter was wrong, and begins again. Errors of neighbouring frames are alike besides, which would make a
    filter too sure of itself: measurements are taken to be as uncertain as if ``correlation_s`` of them were one.
    """

    def __init__(self, kinematics: RobotKinematics, config: PoseFilterConfig | Mapping[str, Any] | None = None) -> None:
        """Make the source.

        Raises:
            ValueError: If a field or the source is unknown or out of range.
        """
        self.config = c = config_from_mapping(PoseFilterConfig, config)
        super().__init__(kinematics, c)
        self._walk = np.diag([c.speed_m**2] * 3 + [c.speed_rad**2] * 3)
        self._limit = float(chi2.ppf(c.gate, 6))
        self.forget()

    def forget(self) -> None:
        """Begin again with nothing."""
        self._pose: RigidTransform | None = None
        self._covariance: NDArray[np.float64] = np.zeros((6, 6))
        self._shared: NDArray[np.float64] = np.zeros((6, 6))
        self._time_s = self._seen_s = 0.0
        self._outside = 0

    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Take in a frame's pose; the filtered one."""
        if self._pose is not None:
            self._predict(frame.time_s)
        if measured.valid:
            self._correct(measured)
        if self._pose is None:
            return measured
        known = frame.time_s - self._seen_s <= self.config.longest_gap_s
        return replace(
            measured,
            camera_T_base=self._pose,
            covariance=self._covariance + self._shared,
            valid=known,
            reason="" if known else "no_measurement",
            time_s=self._seen_s,
            camera_T_ee=measured.camera_T_ee if measured.valid and measured.time_s == self._seen_s else None,
        )

    def _predict(self, time_s: float) -> None:
        self._covariance = self._covariance + self._walk * max(time_s - self._time_s, 0.0)
        self._time_s = time_s

    def _correct(self, measured: PoseEstimate) -> None:
        if self._pose is None:
            self._begin(measured)
            return
        away = twist_between(self._pose, measured.camera_T_base)
        own, shared = independent_and_systematic(measured.covariance, self.common)
        own = own + _EXACT * np.eye(6)
        expected = self._covariance + own
        if away @ np.linalg.solve(expected, away) > self._limit:
            self._outside += 1
            if self._outside >= self.config.lost_after:
                self._begin(measured)
            return
        between = max(measured.time_s - self._seen_s, 1e-9)
        noise = own * max(self.config.correlation_s / between, 1.0)
        gain = self._covariance @ np.linalg.inv(self._covariance + noise)
        rest = np.eye(6) - gain
        self._pose = moved(self._pose, gain @ away)
        self._covariance = rest @ self._covariance @ rest.T + gain @ noise @ gain.T
        self._seen_s, self._shared, self._outside = measured.time_s, shared, 0

    def _begin(self, measured: PoseEstimate) -> None:
        self._pose = measured.camera_T_base
        self._covariance, self._shared = independent_and_systematic(measured.covariance, self.common)
        self._time_s = self._seen_s = measured.time_s
        self._outside = 0
