"""True poses with synthetic errors: which errors of an estimator matter in the servo loop, and how much?"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.errors import UsageError
from ctr_env.geometry import moved
from ctr_env.runs.configuration import config_from_mapping, require_range

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .truth_memory import TruthMemory

__all__ = ["NoisyConfig", "NoisyEstimator"]

_STREAMS = ("bias", "white", "drift", "dropout", "outlier")


@dataclass(frozen=True, kw_only=True)
class NoisyConfig:
    """Errors of a :class:`NoisyEstimator`; the defaults resemble a good learned estimator without bias.

    Position errors are in camera axes at the base origin, and rotation errors are about that origin. Directions are
    random.
    """

    white_position_m: float = 0.005
    """Standard deviation of each position coordinate, drawn for every frame, metres."""
    white_rotation_rad: float = 0.01
    """The same for the rotation vector, radians."""
    bias_position_m: float = 0.0
    """Length of a constant position error; its direction is drawn at reset, metres."""
    bias_rotation_rad: float = 0.0
    """Angle of a constant rotation error; its axis is drawn at reset, radians."""
    drift_position_m: float = 0.0
    """Standard deviation of each position coordinate's random walk after one second, metres per square root of a
    second."""
    drift_rotation_rad: float = 0.0
    """The same for the rotation vector, radians."""
    latency_s: float = 0.0
    """Least age of the frame that an estimate is made from, seconds."""
    dropout: float = 0.0
    """Probability that a frame gives no valid estimate."""
    outlier: float = 0.0
    """Probability that a frame gives an outlier: a valid estimate with a large error."""
    outlier_position_m: float = 0.2
    """Length of an outlier's position error, metres."""
    outlier_rotation_rad: float = 0.5
    """Angle of an outlier's rotation error, radians."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_range(self, 0.0, 1.0, "dropout", "outlier")
        lengths = [name for name in vars(self) if name.endswith(("_m", "_s"))]
        angles = [name for name in vars(self) if name.endswith("_rad")]
        require_range(self, 0.0, 100.0, *lengths)
        require_range(self, 0.0, float(np.pi), *angles)


class NoisyEstimator(PoseEstimator):
    """True pose plus bias, white noise and drift, with latency, dropouts and outliers.

    Each kind of error has its own random stream, so enabling one leaves the draws of the others unchanged. The
    covariance covers white noise, drift and bias, but not outliers, which a gate should reject. The gripper's pose has
    the white noise only.
    """

    needs_image = False
    needs_truth = True
    sees_gripper = True

    def __init__(self, config: NoisyConfig | Mapping[str, Any] | None = None) -> None:
        """Configure the errors.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = config_from_mapping(NoisyConfig, config)
        self._streams: dict[str, np.random.Generator] | None = None
        self._truths = TruthMemory()

    def reset(self, rng: np.random.Generator) -> None:
        """Draw a new bias; discard drift, true poses and pending estimates."""
        c = self.config
        self._truths.clear()
        self._streams = dict(zip(_STREAMS, rng.spawn(len(_STREAMS)), strict=True))
        bias = self._streams["bias"]
        self._bias = np.concatenate([c.bias_position_m * _direction(bias), c.bias_rotation_rad * _direction(bias)])
        self._drift = np.zeros(6)
        self._started: float | None = None
        self._newest: float | None = None
        self._waiting: deque[PoseEstimate] = deque()

    def observe_truth(self, truth: GroundTruth) -> None:
        """Remember the true poses of a frame."""
        self._truths.add(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """The newest estimate that is old enough; ``"latency"`` while there is none.

        Raises:
            UsageError: If :meth:`reset` has not been called.
        """
        if self._streams is None:
            raise UsageError("call reset(rng) before the first estimate: NoisyEstimator draws from that generator")
        self._waiting.append(self._with_errors(frame, self._streams))
        due = frame.time_s - self.config.latency_s + 1e-9
        if self._waiting[0].time_s > due:
            return PoseEstimate.invalid("latency", frame.time_s)
        while len(self._waiting) > 1 and self._waiting[1].time_s <= due:
            self._waiting.popleft()
        return self._waiting[0]

    def _with_errors(self, frame: Frame, streams: dict[str, np.random.Generator]) -> PoseEstimate:
        c = self.config
        white = _six(c.white_position_m, c.white_rotation_rad) * streams["white"].standard_normal(6)
        self._walk(frame.time_s, streams["drift"])
        dropped = streams["dropout"].random() < c.dropout
        outlier = streams["outlier"]
        wild = outlier.random() < c.outlier
        far = np.concatenate([c.outlier_position_m * _direction(outlier), c.outlier_rotation_rad * _direction(outlier)])
        truth = self._truths.at(frame.time_s)
        if truth is None:
            return PoseEstimate.invalid("no_truth", frame.time_s)
        if dropped:
            return PoseEstimate.invalid("dropout", frame.time_s)
        error = self._bias + white + self._drift + (far if wild else 0.0)
        pose = moved(truth.camera_T_base, error)
        gripper = None if truth.camera_T_ee is None else moved(truth.camera_T_ee, white)
        covariance = self._covariance(frame.time_s)
        return PoseEstimate(pose, covariance, valid=True, time_s=frame.time_s, camera_T_ee=gripper)

    def _walk(self, time_s: float, rng: np.random.Generator) -> None:
        """Advance the drift to a time."""
        step = 0.0 if self._newest is None else max(time_s - self._newest, 0.0)
        scale = _six(self.config.drift_position_m, self.config.drift_rotation_rad)
        self._drift = self._drift + np.sqrt(step) * scale * rng.standard_normal(6)
        self._newest = time_s
        self._started = time_s if self._started is None else self._started

    def _covariance(self, time_s: float) -> NDArray[np.float64]:
        c = self.config
        assert self._started is not None
        elapsed = time_s - self._started
        position = c.white_position_m**2 + elapsed * c.drift_position_m**2 + c.bias_position_m**2 / 3
        rotation = c.white_rotation_rad**2 + elapsed * c.drift_rotation_rad**2 + c.bias_rotation_rad**2 / 3
        return np.diag([position] * 3 + [rotation] * 3)


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def _six(position: float, rotation: float) -> NDArray[np.float64]:
    return np.array([position] * 3 + [rotation] * 3)
