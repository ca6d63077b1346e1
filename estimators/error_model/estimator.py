"""The estimator that draws poses with CtRNet's errors, without images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.errors import DataError, UsageError
from ctr_env.estimators.base import GroundTruth, PoseEstimate, PoseEstimator
from ctr_env.estimators.mirrored import Mirror, MirroredEstimator
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.estimators.truth_memory import TruthMemory
from ctr_env.geometry import moved_matrix, pose_from_matrix
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .covariance import covariance_from_vector
from .model import ErrorModel, load_error_model
from .packaged import modelled_robots, packaged_error_model
from .view import ArmView, twist_map, view_arm

__all__ = ["CtRNetModelConfig", "CtRNetModelEstimator", "make_ctrnet_model"]

_STREAMS = ("validity", "covariances", "errors", "gripper", "gripper_seen", "rejected")
_GRIPPER_UNITS = np.full(6, 1e-3)  # mm and mrad
_LARGEST_REJECTED = np.array([5.0, np.pi])


@dataclass(frozen=True, kw_only=True)
class CtRNetModelConfig:
    """The fitted model, and the preset whose errors are drawn."""

    model: str | None = None
    """File of the error model; none: that of the package."""
    randomization: str | None = None
    """Preset whose errors are drawn; none: that of the environment, or outside of one the mildest recorded."""


def make_ctrnet_model(
    kinematics: RobotKinematics, config: CtRNetModelConfig | Mapping[str, Any] | None = None
) -> PoseEstimator:
    """The estimator for a robot; where only its mirror image has a model, by mirroring poses and joint positions.

    Raises:
        ConfigurationError: If a field is unknown, no model comes with the package for this robot, or the model was not
            fitted under the preset.
        MissingFileError: If the model's file does not exist.
        DataError: If it is not the file of an error model, or belongs to another robot.
    """
    settings, robot = config_from_mapping(CtRNetModelConfig, config), kinematics.robot
    if robot.mirror_of is not None and robot.network_robot not in _robots(settings):
        mirror = Mirror(robot)
        return MirroredEstimator(CtRNetModelEstimator(RobotKinematics(mirror.robot), settings), mirror)
    return CtRNetModelEstimator(kinematics, settings)


def _robots(config: CtRNetModelConfig) -> tuple[str, ...]:
    if config.model is None:
        return modelled_robots()
    return (load_error_model(Path(config.model)).header.robot,)


class CtRNetModelEstimator(PoseEstimator):
    """True poses with errors, covariances and dropouts drawn from a model of CtRNet's (:class:`.model.ErrorModel`).

    The distributions depend on the view (joint positions, pose of the camera, intrinsics) and the preset. Validity is a
    Markov chain; reported covariances and the errors in their units are processes with a part that is constant in an
    episode and one that varies with the view (:class:`.process.ErrorProcess`). Estimates are of the newest frame, as
    those of ``ctrnet`` in simulation; ``perturbed`` delays them. Poses that are not valid err by much more, and keep
    their error until the next valid one.
    """

    needs_image = False
    needs_truth = True
    sees_gripper = True
    image_size = (640, 480)
    uncertainty_source = "measured"

    def __init__(
        self, kinematics: RobotKinematics, config: CtRNetModelConfig | Mapping[str, Any] | None = None
    ) -> None:
        """Read the model.

        Args:
            kinematics: The arm.
            config: Settings.

        Raises:
            ConfigurationError: As :func:`make_ctrnet_model`.
            MissingFileError: Likewise.
            DataError: Likewise.
        """
        self.config = config_from_mapping(CtRNetModelConfig, config)
        robot = kinematics.robot
        file = packaged_error_model(robot) if self.config.model is None else Path(self.config.model)
        self.model: ErrorModel = load_error_model(file)
        header = self.model.header
        if header.robot != robot.network_robot or header.joints != kinematics.n:
            raise DataError(f"{file} holds the error model of robot {header.robot!r}, not {robot.network_robot!r}")
        self._preset = self.model.recorded_preset(self.config.randomization or header.presets[0])
        self._kinematics, self._truths = kinematics, TruthMemory()
        self.systematic_m, self.systematic_rad = header.systematic_m, header.systematic_rad
        self._systematic = systematic_covariance(header.systematic_m, header.systematic_rad)
        self._validity, self._gripper_seen = self.model.validity, self.model.gripper_seen
        self._processes = {name: self.model.process(name) for name in ("covariances", "errors", "gripper")}
        self._streams: dict[str, np.random.Generator] | None = None

    def reset(self, rng: np.random.Generator) -> None:
        """Draw what is constant in an episode."""
        self._truths.clear()
        self._streams = dict(zip(_STREAMS, rng.spawn(len(_STREAMS)), strict=True))
        self._states = {name: process.begin(self._streams[name]) for name, process in self._processes.items()}
        self._before: ArmView | None = None
        self._misses: int | None = None
        self._rejected: tuple[NDArray[np.float64], str] | None = None

    def observe_truth(self, truth: GroundTruth) -> None:
        """Remember the true poses of a frame."""
        self._truths.add(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """An estimate of the frame's true pose; not valid (``"no_truth"``) where none was given for its time.

        Raises:
            UsageError: If :meth:`reset` has not been called.
        """
        if self._streams is None:
            raise UsageError(
                "call reset(rng) before the first estimate: CtRNetModelEstimator draws from that generator"
            )
        truth = self._truths.at(frame.time_s)
        if truth is None:
            return PoseEstimate.invalid("no_truth", frame.time_s)
        return self._drawn(frame, truth, self._streams)

    def _drawn(self, frame: Frame, truth: GroundTruth, streams: dict[str, np.random.Generator]) -> PoseEstimate:
        camera_T_base = truth.camera_T_base.as_matrix()
        view = view_arm(self._kinematics, frame.joint_positions, camera_T_base, frame.camera)
        x, path = self.model.standardised(view, self._preset), view.path_from(self._before)
        valid = bool(streams["validity"].random() < self._validity.probability(x, self._misses, path))
        self._misses = 0 if valid else (self._misses or 0) + 1
        self._before = view
        drawn = {name: state.draw(x, path) for name, state in self._states.items()}
        seen = bool(streams["gripper_seen"].random() * (1.0 + np.exp(-self._gripper_seen(x)[0])) < 1.0)
        to_centre, to_base = (twist_map(sign * (view.centre - camera_T_base[:3, 3])) for sign in (1.0, -1.0))
        low, high = self.model.arrays["covariance_range"]
        covariance = covariance_from_vector(drawn["covariances"].clip(low, high), view.factor)
        covariance += to_centre @ self._systematic @ to_centre.T
        reported = to_base @ covariance @ to_base.T
        if not valid:
            error, reason = self._rejection(streams["rejected"])
            pose = pose_from_matrix(moved_matrix(camera_T_base, to_base @ -error))
            return PoseEstimate(pose, reported, valid=False, time_s=frame.time_s, reason=reason)
        self._rejected = None
        error = to_base @ (np.linalg.cholesky(covariance) @ drawn["errors"])
        gripper = None
        if seen and truth.camera_T_ee is not None:
            camera_T_ee = truth.camera_T_ee.as_matrix()
            there = twist_map(camera_T_ee[:3, 3] - camera_T_base[:3, 3]) @ error
            there = self.model.arrays["gripper_gain"] @ there + _GRIPPER_UNITS * drawn["gripper"]
            gripper = pose_from_matrix(moved_matrix(camera_T_ee, -there))
        pose = pose_from_matrix(moved_matrix(camera_T_base, -error))
        return PoseEstimate(pose, reported, valid=True, time_s=frame.time_s, camera_T_ee=gripper)

    def _rejection(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], str]:
        """``(6,)`` error at the view's centre of a pose that is not valid, and the reason; kept until the next one."""
        if self._rejected is None:
            mean, std = self.model.arrays["rejected"].T
            sizes = np.exp(np.minimum(mean + std * rng.standard_normal(2), np.log(_LARGEST_REJECTED)))
            directions = rng.standard_normal((2, 3))
            directions /= np.linalg.norm(directions, axis=1, keepdims=True)
            reasons = self.model.header.reasons
            shares = np.array(list(reasons.values()))
            reason = str(rng.choice(list(reasons), p=shares / shares.sum()))
            self._rejected = (sizes[:, None] * directions).ravel(), reason
        return self._rejected
