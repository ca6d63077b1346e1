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
from ctr_env.geometry import matrix_twist, moved, pose_from_matrix, twist_between
from ctr_env.runs.configuration import config_from_mapping, require_range

from .fuse import independent_and_systematic
from .fusing_estimator import FusingConfig, FusingEstimator
from .image_motion import ImageMotion, PoseMeasurement

__all__ = ["PoseFilterConfig", "PoseFilterEstimator"]

_EXACT = 1e-14  # square metres and radians: least variance, for measurements that claim to be exact
_LASTING = 0.3  # share of the independent part of the source's errors that does not average out over keyframes
_CONSISTENT = float(chi2.ppf(0.99, 6))  # largest squared Mahalanobis distance of the adjusted pose from the random walk


@dataclass(frozen=True, kw_only=True)
class PoseFilterConfig(FusingConfig):
    """The source whose poses are filtered, the motion of the camera, and the gate.

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
    image_motion: bool = False
    """Whether the camera's motion is also measured in the images, where the source gives a mask of the robot. Errors
    are smaller where the background has texture, for about 5 ms of one core more for each frame of 640 x 480 pixels."""

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        require_range(self, 0.0, 100.0, "speed_m", "speed_rad", "correlation_s")
        require_range(self, 0.5, 0.9999999, "gate")
        require_range(self, 1, 1_000_000, "lost_after")
        require_range(self, 0.0, 1e9, "longest_gap_s")


class PoseFilterEstimator(FusingEstimator):
    """Filters the poses of a camera that may move, with the estimates' own covariances.

    The camera is a random walk on SE(3), and the pose results from a Kalman filter. With ``image_motion``, where a
    frame has an image and the source gives a mask of the robot in it, the motion of the camera is also measured by
    corners of the static background, and the measurements of several keyframes are adjusted together (see
    :class:`~ctr_env.estimators.fusion.image_motion.ImageMotion`). The adjusted pose is the result where it is
    consistent with the Kalman filter and has the smaller covariance. Where it is not consistent, or too few corners can
    be followed, the keyframes are discarded.

    The error state is the twist of ``PoseEstimate.covariance``. The systematic part of the covariance is not part of
    the state and is added to the result (see :func:`~ctr_env.estimators.fusion.fuse.fuse`). Measurements whose squared
    Mahalanobis distance from the prediction, by the independent parts, exceeds the gate are rejected; after
    ``lost_after`` rejections in a row the filter is re-initialised with the newest measurement. Errors of neighbouring
    frames are correlated, which would make the filter overconfident. So in the random walk the measurement noise is
    inflated as if all frames within ``correlation_s`` were one. With image motion each frame weighs by its novelty, and
    30 % of the independent covariance of a measurement are taken not to average out.
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
        self._noise: NDArray[np.float64] = np.zeros((6, 6))  # independent part of the last measurement
        self._shared: NDArray[np.float64] = np.zeros((6, 6))
        self._time_s = self._seen_s = 0.0
        self._outside = 0
        self._motion = ImageMotion(self._walk)

    def take(self, frame: Frame, measured: PoseEstimate) -> PoseEstimate:
        """Add the source's estimate of a frame; returns the filtered pose."""
        if self._pose is None:
            if not measured.valid:
                return measured
            self._begin(measured)
            restarted, accepted = True, True
        else:
            restarted, accepted = self._advance(frame, measured)
        pose, covariance = self._with_image_motion(frame, measured, accepted, restarted)
        known = frame.time_s - self._seen_s <= self.config.longest_gap_s
        return replace(
            measured,
            camera_T_base=pose,
            covariance=covariance + self._shared,
            valid=known,
            reason="" if known else "no_measurement",
            time_s=self._seen_s,
            camera_T_ee=measured.camera_T_ee if measured.valid and measured.time_s == self._seen_s else None,
            joint_sensitivity=None,
        )

    def _advance(self, frame: Frame, measured: PoseEstimate) -> tuple[bool, bool]:
        """Predict the pose at the time of a frame, and correct it.

        Returns:
            Whether the filter was re-initialised, and whether the measurement is used.
        """
        self._covariance = self._covariance + self._walk * max(frame.time_s - self._time_s, 0.0)
        self._time_s = frame.time_s
        accepted = measured.valid and self._passes_gate(measured)
        if accepted:
            self._correct(measured)
        elif measured.valid and self._outside >= self.config.lost_after:
            self._begin(measured)
            return True, True
        return False, accepted

    def _passes_gate(self, measured: PoseEstimate) -> bool:
        assert self._pose is not None
        away = twist_between(self._pose, measured.camera_T_base)
        expected = self._covariance + self._independent(measured)
        passes = bool(away @ np.linalg.solve(expected, away) <= self._limit)
        self._outside = 0 if passes else self._outside + 1
        return passes

    def _independent(self, measured: PoseEstimate) -> NDArray[np.float64]:
        """``(6, 6)`` independent part of a measurement's covariance."""
        return independent_and_systematic(measured.covariance, self.systematic)[0] + _EXACT * np.eye(6)

    def _systematic(self, measured: PoseEstimate) -> NDArray[np.float64]:
        """``(6, 6)`` systematic part of it."""
        return independent_and_systematic(measured.covariance, self.systematic)[1]

    def _with_image_motion(
        self, frame: Frame, measured: PoseEstimate, accepted: bool, restarted: bool
    ) -> tuple[RigidTransform, NDArray[np.float64]]:
        """The pose and the independent part of its covariance: from the image, where it is consistent and better."""
        assert self._pose is not None
        mask = self._mask(frame, measured)
        if mask is None:
            self._motion.clear()
            return self._pose, self._covariance
        used = _measurement(measured.camera_T_base, self._noise) if accepted else None
        found = None if restarted else self._motion.follow(frame, mask, used)
        if found is None or not self._consistent(found[0]):
            now = _measurement(self._pose, self._covariance + _EXACT * np.eye(6))
            self._motion.start(frame, mask, now)
            return self._pose, self._covariance
        pose, covariance = found
        if np.linalg.slogdet(covariance)[1] >= np.linalg.slogdet(self._covariance)[1]:
            return self._pose, self._covariance
        return pose_from_matrix(pose), _LASTING * self._noise + (1.0 - _LASTING) * covariance

    def _consistent(self, pose: NDArray[np.float64]) -> bool:
        """Whether a ``(4, 4)`` pose agrees with the random walk."""
        assert self._pose is not None
        away = matrix_twist(self._pose.as_matrix(), pose)
        return bool(away @ np.linalg.solve(self._covariance + _EXACT * np.eye(6), away) <= _CONSISTENT)

    def _mask(self, frame: Frame, measured: PoseEstimate) -> NDArray[np.float32] | None:
        """The robot's mask in the image of a frame; ``None`` where image motion is not measured."""
        there = self.config.image_motion and frame.image is not None and measured.time_s == frame.time_s
        return measured.mask if there else None

    def _correct(self, measured: PoseEstimate) -> None:
        """Kalman update, with the noise inflated as if all frames within the correlation time were one."""
        assert self._pose is not None
        between = max(measured.time_s - self._seen_s, 1e-9)
        noise = self._independent(measured) * max(self.config.correlation_s / between, 1.0)
        gain = self._covariance @ np.linalg.inv(self._covariance + noise)
        rest = np.eye(6) - gain
        self._pose = moved(self._pose, gain @ twist_between(self._pose, measured.camera_T_base))
        self._covariance = rest @ self._covariance @ rest.T + gain @ noise @ gain.T
        self._seen_s = measured.time_s
        self._noise, self._shared = self._independent(measured), self._systematic(measured)

    def _begin(self, measured: PoseEstimate) -> None:
        self._pose = measured.camera_T_base
        self._covariance = self._noise = self._independent(measured)
        self._shared = self._systematic(measured)
        self._time_s = self._seen_s = measured.time_s
        self._outside = 0


def _measurement(pose: RigidTransform, covariance: NDArray[np.float64]) -> PoseMeasurement:
    """A pose and the inverse of its covariance."""
    return PoseMeasurement(pose.as_matrix(), np.asarray(np.linalg.inv(covariance), dtype=np.float64))
