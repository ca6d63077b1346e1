"""Controlled perturbations of another estimator: its timing, its inputs and its poses."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError, UsageError
from ctr_env.geometry import PinholeCamera, moved
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .reprojection_error import Reprojected, reprojected_pose

__all__ = ["PerturbedConfig", "PerturbedEstimator"]

_NAME = "perturbed"
_STREAMS = ("bias", "noise", "pixels", "dropout")
_TICK = 1e-9
_KEPT = 300  # frames whose joint positions are remembered


@dataclass(frozen=True, kw_only=True)
class PerturbedConfig:
    """The source whose estimates are perturbed, and by how much; with the defaults nothing is perturbed."""

    source: str = "ground_truth"
    """Estimator that is perturbed, by name."""
    source_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    delay_s: float = 0.0
    """Time from a frame to the estimate made from it, seconds."""
    rate_hz: float | None = None
    """Frames per second that the source is given; between them its newest estimate stays. ``None``: every frame."""
    dropout: float = 0.0
    """Probability that a frame is lost before the source gets it, so that there is no valid estimate."""
    position_noise_m: float = 0.0
    """Standard deviation of an error of each position coordinate, drawn for every frame, metres."""
    rotation_noise_rad: float = 0.0
    """The same for the rotation vector, radians."""
    position_bias_m: float = 0.0
    """Length of a constant error of the base position; its direction is drawn at reset, metres."""
    rotation_bias_rad: float = 0.0
    """Angle of a constant error of the base rotation; its axis is drawn at reset, radians."""
    focal_error: float = 0.0
    """Relative error of the focal length that the source is given."""
    lens_k1: float = 0.0
    """Radial distortion (OpenCV's k1) of the lens that is not in the camera model. For sources without images only:
    where there is an image, the field ``lens.k1`` of the randomisation distorts the image itself."""
    pixel_noise_px: float = 0.0
    """Standard deviation of an error of each keypoint coordinate, drawn for every frame, pixels."""
    joint_skew_s: float = 0.0
    """Age of the joint positions that the source is given with an image, relative to that image, seconds."""

    def __post_init__(self) -> None:
        """Check every value."""
        if self.source == _NAME:
            raise ConfigurationError(f"{_NAME} cannot take its poses from itself; name another estimator as source")
        require_range(self, 0.0, 1.0, "dropout")
        require_range(self, 0.0, 5.0, "delay_s", "joint_skew_s")
        require_range(self, 0.0, 100.0, "position_noise_m", "position_bias_m", "pixel_noise_px")
        require_range(self, 0.0, float(np.pi), "rotation_noise_rad", "rotation_bias_rad")
        require_range(self, -0.9, 10.0, "focal_error")
        require_range(self, -1.0, 1.0, "lens_k1")
        if self.rate_hz is not None:
            require_range(self, 0.1, 1e4, "rate_hz")


class PerturbedEstimator(PoseEstimator):
    """An estimator with a delay, a lower frame rate, dropouts, pose errors, or errors of its inputs.

    - *Timing*: the source is given a frame every ``1 / rate_hz``; its estimate is returned from ``delay_s`` after that
      frame until the next one. Until the first one estimates are not valid (``"latency"``).
    - *Inputs*: a source that needs images is given a wrong focal length and joint positions of an earlier time. The
      poses of one that needs none are changed as they would change: the keypoints are projected by the pose, and the
      pose is found again by PnP with the wrong camera and joint positions. Pixel noise acts in this way for all.
    - *Poses*: bias changes ``camera_T_base`` only, as an error of the base pose does; all other errors move the
      observed gripper along with the base.

    Covariances grow by those of noise, pixel noise and bias; errors of inputs are not in them. Every kind of error has
    its own random stream, and the source draws what it draws without perturbations.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        source: PoseEstimator,
        config: PerturbedConfig | Mapping[str, Any] | None = None,
    ) -> None:
        """Wrap an estimator, whose needs become this estimator's.

        Args:
            kinematics: The robot in the frames.
            source: The estimator that is perturbed.
            config: Settings; their ``source`` and ``source_config`` are not used here.

        Raises:
            ConfigurationError: If a field is unknown or out of range.
        """
        self.config = config_from_mapping(PerturbedConfig, config)
        self.source, self._kinematics = source, kinematics
        self.needs_image, self.needs_board = source.needs_image, source.needs_board
        self.needs_truth, self.sees_gripper = source.needs_truth, source.sees_gripper
        self.image_size, self.uncertainty_source = source.image_size, source.uncertainty_source
        self.systematic_m, self.systematic_rad = source.systematic_m, source.systematic_rad
        self._streams: dict[str, np.random.Generator] | None = None

    def reset(self, rng: np.random.Generator) -> None:
        """Reset the source, draw a new bias and discard pending estimates."""
        self.source.reset(rng)  # first: its own draws are those without perturbations
        self._streams = dict(zip(_STREAMS, rng.spawn(len(_STREAMS)), strict=True))
        c, bias = self.config, self._streams["bias"]
        self._bias = np.concatenate([c.position_bias_m * _direction(bias), c.rotation_bias_rad * _direction(bias)])
        self._due_s: float | None = None
        self._pending: deque[tuple[float, PoseEstimate]] = deque()
        self._newest: PoseEstimate | None = None
        self._joints: deque[tuple[float, NDArray[np.float64]]] = deque(maxlen=_KEPT)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the source."""
        self.source.observe_truth(truth)

    def wants_image(self, time_s: float) -> bool:
        """Whether the source is given the frame of a time, and uses its image."""
        return self.takes_frame(time_s) and self.source.wants_image(time_s)

    def takes_frame(self, time_s: float) -> bool:
        """Whether the source will be given the frame of a time, so that it needs an image."""
        return self._due_s is None or time_s >= self._due_s - _TICK

    def estimate(self, frame: Frame) -> PoseEstimate:
        """The newest estimate whose delay is over.

        Raises:
            UsageError: If :meth:`reset` has not been called.
        """
        if self._streams is None:
            raise UsageError("call reset(rng) before the first estimate: PerturbedEstimator draws from that generator")
        self._joints.append((frame.time_s, frame.joint_positions))
        if self.takes_frame(frame.time_s):
            self._schedule(frame.time_s)
            self._pending.append((frame.time_s + self.config.delay_s, self._perturbed(frame, self._streams)))
        while self._pending and self._pending[0][0] <= frame.time_s + _TICK:
            self._newest = self._pending.popleft()[1]
        return PoseEstimate.invalid("latency", frame.time_s) if self._newest is None else self._newest

    def _schedule(self, time_s: float) -> None:
        """Set the time of the next frame that the source is given; the period starts at the first frame."""
        if self.config.rate_hz is None:
            return
        due = time_s if self._due_s is None else self._due_s
        while due <= time_s + _TICK:
            due += 1.0 / self.config.rate_hz
        self._due_s = due

    def _perturbed(self, frame: Frame, streams: dict[str, np.random.Generator]) -> PoseEstimate:
        c = self.config
        noise = _six(c.position_noise_m, c.rotation_noise_rad) * streams["noise"].standard_normal(6)
        count = len(self._kinematics.robot.keypoint_frames) + 1
        pixels = c.pixel_noise_px * streams["pixels"].standard_normal((count, 2))
        if streams["dropout"].random() < c.dropout:
            return PoseEstimate.invalid("dropout", frame.time_s)
        given = replace(frame, camera=self._believed(frame.camera), joint_positions=self._skewed(frame.time_s))
        estimate = self.source.estimate(given if self.needs_image else frame)
        if not estimate.valid:
            return estimate
        estimate = self._reprojected(estimate, frame, given, pixels)
        return self._moved(estimate, noise) if estimate.valid else estimate

    def _moved(self, estimate: PoseEstimate, noise: NDArray[np.float64]) -> PoseEstimate:
        """The estimate with noise and bias."""
        c, gripper = self.config, estimate.camera_T_ee
        variance = _six(c.position_noise_m, c.rotation_noise_rad) ** 2
        variance += _six(c.position_bias_m, c.rotation_bias_rad) ** 2 / 3.0
        return replace(
            estimate,
            camera_T_base=moved(estimate.camera_T_base, self._bias + noise),
            covariance=estimate.covariance + np.diag(variance),
            camera_T_ee=None if gripper is None else moved(gripper, noise),
        )

    def _reprojected(
        self, estimate: PoseEstimate, frame: Frame, given: Frame, pixels: NDArray[np.float64]
    ) -> PoseEstimate:
        """The estimate with the errors of inputs and keypoints that its source has not felt itself."""
        c, k = self.config, self._kinematics
        inputs = not self.needs_image and (c.focal_error or c.lens_k1 or c.joint_skew_s)
        if not (c.pixel_noise_px or inputs):
            return estimate
        true = frame if inputs else given
        lens = replace(true.camera, distortion=(c.lens_k1, 0.0, 0.0, 0.0)) if inputs and c.lens_k1 else true.camera
        found = reprojected_pose(
            estimate.camera_T_base,
            _points(k, true.joint_positions),
            lens,
            believed_points=_points(k, given.joint_positions),
            believed_camera=given.camera,
            noise_px=pixels,
        )
        if found is None:
            return PoseEstimate.invalid("not_in_view", frame.time_s)
        return self._with_pose(estimate, found)

    def _with_pose(self, estimate: PoseEstimate, found: Reprojected) -> PoseEstimate:
        """The estimate with the pose that PnP has found, and the gripper moved along with it."""
        moved_by = found.pose * estimate.camera_T_base.inv()
        gripper = estimate.camera_T_ee
        noise = self.config.pixel_noise_px**2 * np.linalg.pinv(found.information)
        return replace(
            estimate,
            camera_T_base=found.pose,
            covariance=estimate.covariance + noise,
            camera_T_ee=None if gripper is None else moved_by * gripper,
        )

    def _believed(self, camera: PinholeCamera) -> PinholeCamera:
        if not self.config.focal_error:
            return camera
        scale = 1.0 + self.config.focal_error
        return replace(camera, fx=scale * camera.fx, fy=scale * camera.fy)

    def _skewed(self, time_s: float) -> NDArray[np.float64]:
        """``(n,)`` joint positions before ``time_s``, linear between frames; those of the first frame before it."""
        if not self.config.joint_skew_s:
            return self._joints[-1][1]
        times = np.array([time for time, _ in self._joints])
        positions = np.stack([joints for _, joints in self._joints], axis=1)
        return np.array([np.interp(time_s - self.config.joint_skew_s, times, row) for row in positions])


def _points(kinematics: RobotKinematics, joint_positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(K + 1, 3)`` keypoints and the gripper's origin in the base frame, metres."""
    gripper = kinematics.base_T_ee(joint_positions).translation
    return np.vstack([kinematics.keypoints(joint_positions), gripper])


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def _six(position: float, rotation: float) -> NDArray[np.float64]:
    return np.array([position] * 3 + [rotation] * 3)
