"""Image and joint angles in, ``camera_T_base`` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.base import PoseEstimate, PoseEstimator
from ctr_env.estimators.mirrored import MirroredEstimator
from ctr_env.runs.configuration import config_from_mapping, require_range
from ctr_env.runs.device import require_device
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .eye import Eye, Sight
from .packaged import mirror_for, packaged_weights, weights_uncertainty
from .search import search

if TYPE_CHECKING:
    from .detector import Detector

__all__ = ["CtRNetConfig", "CtRNetEstimator", "make_ctrnet"]

_CONVINCING = 0.5  # share of the contour that a pose explains only where it is right, whatever the points say


@dataclass(frozen=True, kw_only=True)
class CtRNetConfig:
    """Where the weights are, and when an estimate is trusted."""

    weights: str | None = None
    """Weights file; none: those that come with the package."""
    keypoints: str = "all"
    """``"all"`` points that the network finds, or only the ``"published"`` ones."""
    looks: int = 2
    """Looks at a image of which nothing is known: one at the whole, then closer ones at where the robot was found.
    Images that make trouble are looked at more often."""
    tracking: bool = True
    """Whether to look closely right away at where the last pose puts the robot."""
    min_confidence: float = 0.3
    """Least confidence of a point that is used."""
    min_keypoints: int = 5
    """Fewest points that a pose is made of."""
    contour: bool = True
    """Whether the pose is fitted to the contour of the mask too, not to the points alone."""
    min_contour_inlier_ratio: float = 0.25
    """Least share of the robot's contour in view that must lie on the mask's border."""
    max_reprojection: float = 0.1
    """Largest RMS reprojection error, as a share of the robot's extent in the image, of a pose that does not explain
    half of the contour."""
    max_position_std: float = 0.15
    """Largest standard deviation of the base's position by what the view tells of it, metres."""
    device: str = "auto"
    """Where the network runs: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    def __post_init__(self) -> None:
        """Check every value."""
        if self.keypoints not in ("all", "published"):
            raise ValueError(f"CtRNetConfig.keypoints must be 'all' or 'published', not {self.keypoints!r}")
        require_range(self, 0.0, 1.0, "min_confidence", "max_reprojection", "min_contour_inlier_ratio")
        require_range(self, 4, 1000, "min_keypoints")
        require_range(self, 1, 5, "looks")
        require_range(self, 1e-6, 1e6, "max_position_std")
        require_device(self)


def make_ctrnet(kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> PoseEstimator:
    """The estimator for a robot, by way of its mirror image where only that one has weights.

    Raises:
        ValueError: If a field is unknown or out of range, or no weights come with the package for this robot.
        FileNotFoundError: If the weights file does not exist.
    """
    settings = config_from_mapping(CtRNetConfig, config)
    mirror = mirror_for(kinematics.robot, None if settings.weights is None else Path(settings.weights))
    if mirror is not None:
        return MirroredEstimator(CtRNetEstimator(RobotKinematics(mirror.robot), settings), mirror)
    return CtRNetEstimator(kinematics, settings)


class CtRNetEstimator(PoseEstimator):
    """The learned estimator (CtRNet, arXiv 2302.14332, in this package's form).

    A first look at the whole image finds the robot; a second one at its surroundings, for which the network is also
    shown a sketch of the arm where the first pose puts it, measures it. From then on the last pose takes the place of
    the first look, which is repeated only when that fails. The pose is the weighted PnP solution over the points that
    the network is confident of, each weighted by its predicted variance; then the contour of the robot is brought onto
    the border of the network's mask, which is known to a fraction of a pixel where points inside the arm are not.

    Not valid when fewer than ``min_keypoints`` points are confident (``"too_few_keypoints"``), when PnP fails (its
    status), when the pose does not explain the mask (``"contour_mismatch"``) or the points
    (``"reprojection_error"``), or hardly determines the base (``"uncertain"``).
    """

    needs_image = True
    sees_gripper = True
    image_size = (640, 480)

    def __init__(self, kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> None:
        """Read the header of the weights file; the weights are loaded with the first frame.

        Args:
            kinematics: The arm in the images.
            config: Settings.

        Raises:
            ValueError: If a field is unknown or out of range, or no weights come with the package for this robot.
            MissingFileError: If the weights file does not exist.
            DataError: If it is not a weights file.
        """
        self.config = config_from_mapping(CtRNetConfig, config)
        self._kinematics = kinematics
        self._file = packaged_weights(kinematics.robot) if self.config.weights is None else Path(self.config.weights)
        model = weights_uncertainty(self._file)
        self.systematic_m, self.systematic_rad = model.systematic_m, model.systematic_rad
        self.uncertainty_source = model.source
        self._eye: Eye | None = None
        self._last: RigidTransform | None = None

    @property
    def detector(self) -> Detector:
        """The network that finds mask and points, loaded when it is first asked for.

        Raises:
            ValueError: If the weights file is not one, or belongs to another robot.
        """
        return self.eye.detector

    @property
    def eye(self) -> Eye:
        """What looks at images, made when it is first asked for.

        Raises:
            ValueError: If the weights file is not one, or belongs to another robot.
        """
        if self._eye is None:
            from .detector import Detector  # torch only where it is needed

            detector = Detector(self._file, self._kinematics.robot, self.config.device)
            published = self.config.keypoints == "published"
            self._eye = Eye(detector, self._kinematics, self.config.min_confidence, published)
        return self._eye

    def reset(self, rng: np.random.Generator) -> None:
        """Forget the last pose."""
        self._last = None

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose of one frame.

        Raises:
            ValueError: If the frame has no image.
        """
        if self.config.tracking and self._last is not None:
            tracked = self._track(frame, self._last)
            if tracked.valid:
                self._last = tracked.camera_T_base
                return tracked
        found = self._search([frame])[0]
        self._last = found.camera_T_base if found.valid else None
        return found

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time; without tracking they go through the network together."""
        if self.config.tracking:
            return [self.estimate(frame) for frame in frames]
        return self._search(frames)

    def _search(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses without knowledge of earlier ones."""
        found = search(self.eye, frames, self.config.looks, self.config.contour)
        return [self._estimate(frame, *each) for frame, each in zip(frames, found, strict=True)]

    def _track(self, frame: Frame, pose: RigidTransform) -> PoseEstimate:
        """A pose near the last one."""
        sight = self.eye.look([frame], [self.eye.around(frame, pose)])[0]
        if self.config.contour:
            sight = self.eye.aligned(frame, sight)
        return self._estimate(frame, sight, sight.detection.mask)

    def _estimate(self, frame: Frame, sight: Sight, mask: NDArray[np.float32]) -> PoseEstimate:
        contour_inlier_ratio = sight.contour_inlier_ratio if self.config.contour else None
        covariance = self.detector.uncertainty.pose_covariance(sight.fit.covariance, contour_inlier_ratio)
        reason = self._doubt(sight)
        return PoseEstimate(
            camera_T_base=sight.pose,
            covariance=covariance,
            valid=not reason,
            time_s=frame.time_s,
            reason=reason,
            keypoints_px=sight.detection.pixels,
            keypoint_confidence=sight.detection.confidence,
            mask=mask,
            camera_T_ee=None if reason else self.eye.gripper(frame, sight),
            contour_inlier_ratio=contour_inlier_ratio,
        )

    def _doubt(self, sight: Sight) -> str:
        """Why an estimate should not be trusted; empty if it should."""
        if sight.used.sum() < self.config.min_keypoints:
            return "too_few_keypoints"
        if sight.fit.status:
            return sight.fit.status
        if self.config.contour and sight.contour_inlier_ratio < self.config.min_contour_inlier_ratio:
            return "contour_mismatch"
        extent = float(np.max(np.ptp(sight.detection.pixels[sight.used], axis=0)))
        if sight.contour_inlier_ratio < _CONVINCING and sight.fit.rms_px > self.config.max_reprojection * extent:
            return "reprojection_error"
        usual = self.detector.uncertainty.pose_covariance(sight.fit.covariance)
        return "uncertain" if np.trace(usual[:3, :3]) > self.config.max_position_std**2 else ""
