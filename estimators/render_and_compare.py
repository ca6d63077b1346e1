"""Any estimator's pose, refined until the robot drawn there is like the network's mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.packaged import mirror_for
from ctr_env.estimators.silhouette.alignment import align
from ctr_env.estimators.silhouette.refinement import refine
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.runs.device import require_device
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .mirrored import MirroredEstimator
from .systematic_error import SYSTEMATIC_M, SYSTEMATIC_RAD

__all__ = ["RenderAndCompareConfig", "RenderAndCompareEstimator", "make_render_and_compare"]

_NAME = "render_and_compare"
_LOOSE = np.diag([0.1**2] * 3 + [0.2**2] * 3)  # what is known of a pose but for the mask: hardly anything


@dataclass(frozen=True, kw_only=True)
class RenderAndCompareConfig:
    """Where a refinement begins, and how long it lasts."""

    start: str = "ctrnet"
    """Estimator that the first pose comes from, by name."""
    start_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    weights: str | None = None
    """Weights of the network that makes the mask; none: those that come with the package."""
    iterations: int = 60
    """Steps of each descent."""
    looks: int = 2
    """Descents; before each one the network looks at where the pose then puts the robot."""
    min_contour_inlier_ratio: float = 0.25
    """Least share of the robot's contour in view that must lie on the mask's border."""
    device: str = "auto"
    """Where the network runs: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    def __post_init__(self) -> None:
        """Check every value."""
        if self.start == _NAME:
            raise ValueError(f"{_NAME} cannot start from itself; name another estimator as start")
        require_range(self, 1, 10_000, "iterations")
        require_range(self, 1, 10, "looks")
        require_range(self, 0.0, 1.0, "min_contour_inlier_ratio")
        require_device(self)


def make_render_and_compare(kinematics: RobotKinematics, config: Mapping[str, Any]) -> PoseEstimator:
    """The estimator for a robot, by way of its mirror image where only that one has weights.

    Raises:
        ValueError: If a field or the start is unknown or out of range, or no weights come with the package.
        FileNotFoundError: If the weights file does not exist.
    """
    settings = config_from_mapping(RenderAndCompareConfig, config)
    weights = settings.weights or (settings.start_config or {}).get("weights")
    mirror = mirror_for(kinematics.robot, None if weights is None else Path(weights))
    if mirror is not None:
        return MirroredEstimator(RenderAndCompareEstimator(RobotKinematics(mirror.robot), settings), mirror)
    return RenderAndCompareEstimator(kinematics, settings)


class RenderAndCompareEstimator(PoseEstimator):
    """Differentiable rendering, the baseline of the CtRNet paper (arXiv 2302.14332) and of EasyHeC (arXiv 2305.01191).

    The start's pose is refined by gradient descent on the difference of the robot's silhouette and the network's mask.
    Slow beside the alignment of contours that ``ctrnet`` ends with, and wider in its reach. Not valid where the start
    is not (its reason), or where the refined pose does not explain the mask (``"contour_mismatch"``).
    """

    needs_image = True
    systematic_m, systematic_rad = SYSTEMATIC_M, SYSTEMATIC_RAD

    def __init__(
        self, kinematics: RobotKinematics, config: RenderAndCompareConfig | Mapping[str, Any] | None = None
    ) -> None:
        """Make the start; weights are loaded with the first frame.

        Raises:
            ValueError: If a field or the start is unknown or out of range, or no weights come with the package.
            FileNotFoundError: If the weights file does not exist.
        """
        from .registry import make_estimator

        self.config = config_from_mapping(RenderAndCompareConfig, config)
        given = dict(self.config.start_config)
        if self.config.start == "ctrnet":
            given.setdefault("device", self.config.device)
            if self.config.weights is not None:
                given.setdefault("weights", self.config.weights)
        self.start = make_estimator(self.config.start, given, kinematics)
        weights = self.config.weights or given.get("weights")
        network = {} if weights is None else {"weights": str(Path(weights))}
        self._network = CtRNetEstimator(kinematics, {**network, "device": self.config.device})
        self.needs_board, self.image_size = self.start.needs_board, self._network.image_size
        self.needs_truth, self.sees_gripper = self.start.needs_truth, self.start.sees_gripper

    def reset(self, rng: np.random.Generator) -> None:
        """Start a new sequence of frames."""
        self.start.reset(rng)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the start."""
        self.start.observe_truth(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose of one frame.

        Raises:
            ValueError: If the frame has no image.
        """
        return self._refined(frame, self.start.estimate(frame))

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time."""
        starts = self.start.estimate_batch(frames)
        return [self._refined(*each) for each in zip(frames, starts, strict=True)]

    def _refined(self, frame: Frame, start: PoseEstimate) -> PoseEstimate:
        if not start.valid or start.time_s != frame.time_s:  # a late pose is not this image's
            return start
        eye, plain, pose = self._network.eye, undistorted_frame(frame), start.camera_T_base
        for _ in range(self.config.looks):
            sight = eye.look([plain], [eye.around(plain, pose)])[0]
            seen = eye.seen(plain, sight)
            pose = refine(eye.surface, [seen], pose, self.config.iterations).pose
        R, t = pose.rotation.as_matrix(), np.asarray(pose.translation)
        judged = align(eye.surface, [seen], R, t, _LOOSE, rounds=1)  # for its covariance and what it explains
        reason = "" if judged.contour_inlier_ratio >= self.config.min_contour_inlier_ratio else "contour_mismatch"
        return replace(
            start,
            camera_T_base=pose,
            covariance=eye.detector.uncertainty.pose_covariance(judged.covariance, judged.contour_inlier_ratio),
            valid=not reason,
            reason=reason,
            keypoints_px=sight.detection.pixels,
            keypoint_confidence=sight.detection.confidence,
            mask=sight.detection.mask,
        )
