"""Refinement of another estimator's pose by differentiable rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.ctrnet.contour_alignment import masked_robots
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.packaged import mirror_for
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.estimators.silhouette.refinement import refine
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.runs.device import require_device
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import GroundTruth, PoseEstimate, PoseEstimator
from .mirrored import Mirror

__all__ = ["RenderAndCompareConfig", "RenderAndCompareEstimator"]

_NAME = "render_and_compare"
_LOOSE = np.diag([0.1**2] * 3 + [0.2**2] * 3)  # prior covariance that is negligible beside the mask's information


@dataclass(frozen=True, kw_only=True)
class RenderAndCompareConfig:
    """The source of initial poses, and the length of the refinement."""

    source: str = "ctrnet"
    """Estimator of the initial pose, by name."""
    source_config: Mapping[str, Any] = field(default_factory=dict)
    """Its configuration."""
    weights: str | None = None
    """Weights file of the network that predicts the mask; none: that of ``source_config``, else those of the package.
    A ``ctrnet`` source without weights of its own uses it too."""
    iterations: int = 60
    """Gradient steps of each pass."""
    passes: int = 2
    """Passes of mask prediction, in a crop around the projected robot, and gradient descent."""
    min_contour_inlier_ratio: float = 0.25
    """Least share of the projected contour that must lie on the mask boundary."""
    device: str = "auto"
    """Where the network runs: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    def __post_init__(self) -> None:
        """Check every value."""
        if self.source == _NAME:
            raise ConfigurationError(f"{_NAME} cannot take its poses from itself; name another estimator as source")
        require_range(self, 1, 10_000, "iterations")
        require_range(self, 1, 10, "passes")
        require_range(self, 0.0, 1.0, "min_contour_inlier_ratio")
        require_device(self)

    @property
    def weights_file(self) -> Path | None:
        """The weights file that is named here or in ``source_config``; ``None``: that of the package."""
        named = self.weights or self.source_config.get("weights")
        return None if named is None else Path(named)

    @property
    def complete_source_config(self) -> dict[str, Any]:
        """``source_config`` with the weights and the device that a ``ctrnet`` source shares."""
        shared = {"device": self.device} | ({} if self.weights is None else {"weights": self.weights})
        return {**(shared if self.source == "ctrnet" else {}), **self.source_config}

    def mirror(self, robot: RobotDescription) -> Mirror | None:
        """The mirror through which the network sees a robot; ``None`` if it sees the robot itself.

        Raises:
            MissingFileError: If the weights file does not exist.
            DataError: If it is not a weights file.
        """
        return mirror_for(robot, self.weights_file)


class RenderAndCompareEstimator(PoseEstimator):
    """Differentiable rendering, the baseline of the CtRNet paper (arXiv 2302.14332) and of EasyHeC (arXiv 2305.01191).

    The source's pose is refined by gradient descent on the difference between the rendered silhouette and the
    predicted mask. It is slower than the contour alignment of ``ctrnet`` and converges from farther away. Estimates are
    not valid where the source's are not (its reason), or where the contour inlier ratio of the refined pose is low
    (``"contour_mismatch"``).
    """

    needs_image = True

    def __init__(
        self,
        kinematics: RobotKinematics,
        source: PoseEstimator,
        config: RenderAndCompareConfig | Mapping[str, Any] | None = None,
    ) -> None:
        """Wrap a source; the network's weights are loaded with the first frame.

        Args:
            kinematics: The robot in the frames.
            source: Estimator of the initial pose.
            config: Settings; their ``source`` and ``source_config`` are not used here, but for the weights file.

        Raises:
            ConfigurationError: If a field is unknown or out of range, or no weights come with the package.
            MissingFileError: If the weights file does not exist.
        """
        self.config = config_from_mapping(RenderAndCompareConfig, config)
        self.source = source
        weights = self.config.weights_file
        network = {} if weights is None else {"weights": str(weights)}
        self._network = CtRNetEstimator(kinematics, {**network, "device": self.config.device})
        self.needs_board, self.image_size = source.needs_board, self._network.image_size
        self.systematic_m, self.systematic_rad = self._network.systematic_m, self._network.systematic_rad
        self.uncertainty_source = self._network.uncertainty_source
        self.needs_truth, self.sees_gripper = source.needs_truth, source.sees_gripper

    def reset(self, rng: np.random.Generator) -> None:
        """Start a new sequence of frames."""
        self.source.reset(rng)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of a frame to the source."""
        self.source.observe_truth(truth)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose of one frame.

        Raises:
            ValueError: If the frame has no image.
        """
        return self._refined(frame, self.source.estimate(frame))

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time."""
        starts = self.source.estimate_batch(frames)
        return [self._refined(*each) for each in zip(frames, starts, strict=True)]

    def _refined(self, frame: Frame, start: PoseEstimate) -> PoseEstimate:
        if not start.valid or start.time_s != frame.time_s:  # a late pose is not this image's
            return start
        pipeline, pose = self._network.pipeline, start.camera_T_base
        view, surface = pipeline.model.view(undistorted_frame(frame)), pipeline.model.surface
        for _ in range(self.config.passes):
            hypothesis = pipeline.run([view], tracking_passes(pose, align=False))[0]
            masked = masked_robots([view], [hypothesis])
            pose = masked.to_camera(refine(surface, masked.seen, masked.to_crop(pose), self.config.iterations).pose)
        aligned = masked.aligned(surface, pose, _LOOSE, rounds=1)  # for covariance and contour inlier ratio
        ratio = aligned.contour_inlier_ratio
        reason = "" if ratio >= self.config.min_contour_inlier_ratio else "contour_mismatch"
        return replace(
            start,
            camera_T_base=pose,
            covariance=pipeline.detector.uncertainty.pose_covariance(aligned.covariance, ratio),
            valid=not reason,
            reason=reason,
            keypoints_px=hypothesis.detected.pixels,
            keypoint_confidence=hypothesis.detected.confidence,
            mask_source=hypothesis.detected.mask,
        )
