"""The CtRNet estimator: image and joint angles in, ``camera_T_base`` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.estimators.base import PoseEstimate, PoseEstimator
from ctr_env.estimators.mirrored import MirroredEstimator
from ctr_env.runs.configuration import config_from_mapping, require_choice, require_range
from ctr_env.runs.device import require_device
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .acceptance import rejection_reason
from .detector import Detector
from .edge_refinement import refine_by_edges
from .hypothesis import PoseHypothesis
from .joint_information import joint_information
from .packaged import mirror_for, packaged_weights
from .passes import search_passes
from .pipeline import Pipeline
from .report import pose_estimate
from .robot_model import RobotModel, RobotView
from .tracking import Track, next_hypotheses
from .validity import evidence
from .weights import read_header

__all__ = ["CtRNetConfig", "CtRNetEstimator", "make_ctrnet"]


@dataclass(frozen=True, kw_only=True)
class CtRNetConfig:
    """Weights, inference passes and acceptance limits."""

    weights: str | None = None
    """Weights file; none: those of the package."""
    keypoints: str = "all"
    """Keypoints that enter PnP: ``"all"`` of the network, or only those of the ``"paper"``."""
    passes: int = 2
    """Inference passes over an image without a prior pose: a coarse one, then refined ones. Doubtful hypotheses get
    further passes."""
    tracking: bool = True
    """Whether the previous pose replaces the coarse pass."""
    min_confidence: float = 0.3
    """Least confidence of a keypoint that enters PnP."""
    min_keypoints: int = 5
    """Fewest keypoints of a valid pose."""
    align_contour: bool = True
    """Whether the projected mesh contour is aligned with the mask boundary."""
    align_edges: bool = True
    """Whether the contour is then aligned with edges of the image (where ``align_contour`` is)."""
    min_contour_inlier_ratio: float = 0.25
    """Least share of the projected contour within two pixels of the mask boundary."""
    max_reprojection: float = 0.1
    """Largest RMS reprojection error, as a share of the robot's extent in the image, of a pose without a convincing
    contour inlier ratio."""
    max_position_std: float = 0.15
    """Largest standard deviation of the base's position by the geometry of the view, metres."""
    device: str = "auto"
    """Where the network runs: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    precision: str = "auto"
    """Arithmetic of the network on a CPU: ``auto`` (bfloat16 where it is native) or ``float32``, which takes longer and
    gives the same poses on every machine, up to rounding."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_choice("CtRNetConfig.precision", self.precision, ("auto", "float32"))
        if self.keypoints not in ("all", "paper"):
            raise ConfigurationError(f"CtRNetConfig.keypoints must be 'all' or 'paper', not {self.keypoints!r}")
        require_range(self, 0.0, 1.0, "min_confidence", "max_reprojection", "min_contour_inlier_ratio")
        require_range(self, 4, 1000, "min_keypoints")
        require_range(self, 1, 5, "passes")
        require_range(self, 1e-6, 1e6, "max_position_std")
        require_device(self)


def make_ctrnet(kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> PoseEstimator:
    """The estimator for a robot; where only its mirror image has weights, by mirroring image and joint angles.

    Raises:
        ConfigurationError: If a field is unknown or out of range, or no weights come with the package for this robot.
        MissingFileError: If the weights file does not exist.
    """
    settings = config_from_mapping(CtRNetConfig, config)
    mirror = mirror_for(kinematics.robot, None if settings.weights is None else Path(settings.weights))
    if mirror is not None:
        return MirroredEstimator(CtRNetEstimator(RobotKinematics(mirror.robot), settings), mirror)
    return CtRNetEstimator(kinematics, settings)


class CtRNetEstimator(PoseEstimator):
    """The learned estimator (CtRNet, arXiv 2302.14332, with this package's extensions).

    Inference is coarse-to-fine: a full-image pass, then a crop around the projected robot with the current pose
    rendered as an extra input channel. When tracking, the previous pose replaces the coarse pass. The pose is the
    weighted PnP solution over confident keypoints, each weighted by its predicted variance, and is refined by aligning
    the projected mesh contour with the mask boundary (sub-pixel accurate, unlike interior keypoints), and that of an
    accepted pose with edges of the image. The stages up to acceptance are in :mod:`.pipeline`.

    Estimates are not valid when fewer than ``min_keypoints`` keypoints are confident (``"too_few_keypoints"``), PnP
    fails (its status), the contour inlier ratio is low (``"contour_mismatch"``), residuals are large
    (``"reprojection_error"``), or the view hardly determines the base (``"uncertain"``). Beyond these limits the
    weights' validity model rejects poses that are probably wrong, for the reason that weighs most (:mod:`.validity`).
    """

    needs_image = True
    sees_gripper = True
    image_size = (640, 480)

    def __init__(self, kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> None:
        """Read the header of the weights file; the network is loaded with the first frame.

        Args:
            kinematics: The arm in the images.
            config: Settings.

        Raises:
            ConfigurationError: If a field is unknown or out of range, or the package has no weights for this robot.
            MissingFileError: If the weights file does not exist.
            DataError: If it is not a weights file, or belongs to another robot.
        """
        self.config = config_from_mapping(CtRNetConfig, config)
        self._kinematics = kinematics
        self._file = packaged_weights(kinematics.robot) if self.config.weights is None else Path(self.config.weights)
        header = read_header(self._file)
        if header.robot != kinematics.robot.network_robot:
            wanted = kinematics.robot.network_robot
            raise DataError(f"{self._file} holds weights for robot {header.robot!r}, not {wanted!r}")
        self.systematic_m, self.systematic_rad = header.uncertainty.systematic_m, header.uncertainty.systematic_rad
        self.joint_std_rad = header.uncertainty.joint_std_rad
        self.uncertainty_source = header.uncertainty.source
        self._pipeline: Pipeline | None = None
        self._track = Track()

    @property
    def detector(self) -> Detector:
        """The network, loaded on first use.

        Raises:
            DataError: If the weights file cannot be read, or belongs to another robot.
        """
        return self.pipeline.detector

    @property
    def pipeline(self) -> Pipeline:
        """The inference pipeline, made on first use.

        Raises:
            DataError: If the weights file cannot be read, or belongs to another robot.
        """
        if self._pipeline is None:
            robot = self._kinematics.robot
            count = len(robot.keypoint_frames) if self.config.keypoints == "paper" else None
            detector = Detector(self._file, robot, self.config.device, self.config.precision)
            model = RobotModel(self._kinematics, detector.points)
            self._pipeline = Pipeline(detector, model, self.config.min_confidence, count)
        return self._pipeline

    def reset(self, rng: np.random.Generator) -> None:
        """Forget the previous pose."""
        self._track = Track()

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from one image; with tracking, the previous pose replaces the coarse pass.

        The first image of a sequence is searched with all retries. When tracking is lost later, each image gets one
        kind of retry in turn, so that a robot out of view does not hold up the loop.

        Raises:
            DataError: If the frame has no image.
        """
        return self.estimate_each([self], [frame])[0]

    @classmethod
    def estimate_each(cls, estimators: Sequence[Self], frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses from the newest image of each of N sequences; the images go through the network together.

        Raises:
            DataError: If a frame has no image.
        """
        lead = estimators[0]
        config, pipeline = lead.config, lead.pipeline
        for each in estimators:
            each._pipeline = pipeline
        views = [pipeline.model.view(frame) for frame in frames]
        tracks = [each._track if config.tracking else Track() for each in estimators]
        found = next_hypotheses(pipeline, views, tracks, config.passes, config.align_contour, lead._judged)
        return [lead._reported(view, *each) for view, each in zip(views, found, strict=True)]

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time; without tracking they go through the network together.

        Raises:
            DataError: If a frame has no image.
        """
        if self.config.tracking:
            return [self.estimate(frame) for frame in frames]
        config, pipeline = self.config, self.pipeline
        views = [pipeline.model.view(frame) for frame in frames]
        found = pipeline.run(views, search_passes(config.passes, config.align_contour))
        return [
            self._reported(view, *self._judged(view, hypothesis)) for view, hypothesis in zip(views, found, strict=True)
        ]

    def rejection(self, hypothesis: PoseHypothesis) -> str:
        """Why the limits of the configuration reject a hypothesis; empty where they accept it."""
        return rejection_reason(hypothesis, self.config, self.pipeline.detector.uncertainty)

    def _judged(self, view: RobotView, hypothesis: PoseHypothesis) -> tuple[PoseHypothesis, str]:
        """A hypothesis aligned with image edges, and why limits or validity model reject it; empty: they accept it.

        The model decides where it has been fitted to such stages.
        """
        config, uncertainty = self.config, self.pipeline.detector.uncertainty
        reason = self.rejection(hypothesis)
        if reason or not (config.align_contour and config.align_edges):
            return hypothesis, reason
        hypothesis = refine_by_edges(view, hypothesis)
        if not uncertainty.validity.fitted or config.keypoints != "all":
            return hypothesis, ""
        information = joint_information(view, hypothesis, uncertainty.keypoint_information)
        return hypothesis, uncertainty.validity.reason(evidence(view, hypothesis, information, config.min_confidence))

    def _reported(self, view: RobotView, hypothesis: PoseHypothesis, reason: str) -> PoseEstimate:
        uncertainty = self.pipeline.detector.uncertainty
        return pose_estimate(view, hypothesis, reason, self.config.align_contour, uncertainty)
