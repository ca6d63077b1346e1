"""A Kalman filter on SE(3) for moving cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate, PoseEstimator
from ctr_env.geometry import moved, twist_between
from ctr_env.runs.configuration import config_from_mapping, require_range

from .fuse import independent_and_systematic
from .fusing_estimator import FusingConfig, FusingEstimator

__all__ = ["PoseFilterConfig", "PoseFilterEstimator"]

_EXACT = 1e-14  # square metres and radians: least variance, for measurements that claim to be exact


@dataclass(frozen=True, kw_only=True)
class PoseFilterConfig(FusingConfig):
    """The source whose poses are filtered, the motion model of the camera, and the gate.

    The defaults of the random walk and of the correlation time fit ``ctrnet`` and the moving camera of the ``Track``
    environments. They were found on 8 cameras that no published result uses (``benchmarks/fusion.py --moving --first
    1000 --seeds 8``).
    """

    name: ClassVar[str] = "pose_filter"

    speed_m: float = 0.03
    """Random walk of the camera: standard deviation of each position coordinate after one second, metres."""
    speed_rad: float = 0.03
    """The same for the rotation vector, radians."""
    correlation_s: float = 0.05
    """Correlation time of the source's errors: frames within it count as one measurement, seconds."""
    gate: float = 0.999
    """Share of correct measurements that pass the gate."""
    lost_after: int = 8
    """Consecutive measurements outside the gate after which the filter is re-initialised."""
    longest_gap_s: float = 1.0
    """Time without a measurement after which the pose is not valid, seconds."""

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        require_range(self, 0.0, 100.0, "speed_m", "speed_rad", "correlation_s")
        require_range(self, 0.5, 0.9999999, "gate")
        require_range(self, 1, 1_000_000, "lost_after")
        require_range(self, 0.0, 1e9, "longest_gap_s")


class PoseFilterEstimator(FusingEstimator):
    """Filters the poses of a camera that may move, as a random walk on SE(3), with the estimates' own covariances.

    The error state is the twist of ``PoseEstimate.covariance``. The systematic part of the covariance is not part of
    the state and is added to the result (see :func:`~ctr_env.estimators.fusion.fuse.fuse`). Measurements whose squared
    Mahalanobis distance from the prediction, by the independent parts, exceeds the gate are rejected; after
    ``lost_after`` rejections in a row the filter is re-initialised with the newest measurement. Errors of neighbouring
    frames are correlated, which would make the filter overconfident, so the measurement noise is inflated as if all
    frames within ``correlation_s`` were one.
    """

    def __init__(self, source: PoseEstimator, config: PoseFilterConfig | Mapping[str, Any] | None = None) -> None:
        """Start without a pose.

        Args:
            source: Estimator of single frames.
            config: Settings; their ``source`` and ``source_config`` are not used here.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = c = config_from_mapping(PoseFilterConfig, config)
        super().__init__(source, c)
        self._walk = np.diag([c.speed_m**2] * 3 + [c.speed_rad**2] * 3)
        self._limit = float(chi2.ppf(c.gate, 6))
        self.forget()

    def forget(self) -> None:
        """Discard the filtered pose."""
        self._pose: RigidTransform | None = None
        self._covariance: NDArray[np.float64] = np.zeros((6, 6))
        self._shared: NDArray[np.float64] = np.zeros((6, 6))
        self._time_s = self._seen_s = 0.0
        self._outside = 0

    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Add the source's estimate of a frame; returns the filtered pose."""
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
        independent, shared = independent_and_systematic(measured.covariance, self.systematic)
        independent = independent + _EXACT * np.eye(6)
        expected = self._covariance + independent
        if away @ np.linalg.solve(expected, away) > self._limit:
            self._outside += 1
            if self._outside >= self.config.lost_after:
                self._begin(measured)
            return
        between = max(measured.time_s - self._seen_s, 1e-9)
        noise = independent * max(self.config.correlation_s / between, 1.0)
        gain = self._covariance @ np.linalg.inv(self._covariance + noise)
        rest = np.eye(6) - gain
        self._pose = moved(self._pose, gain @ away)
        self._covariance = rest @ self._covariance @ rest.T + gain @ noise @ gain.T
        self._seen_s, self._shared, self._outside = measured.time_s, shared, 0

    def _begin(self, measured: PoseEstimate) -> None:
        self._pose = measured.camera_T_base
        self._covariance, self._shared = independent_and_systematic(measured.covariance, self.systematic)
        self._time_s = self._seen_s = measured.time_s
        self._outside = 0
