"""Image and joint angles in, ``camera_T_base`` out: network, keypoints, PnP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators.base import Frame, PoseEstimate, PoseEstimator
from ctr_env.estimators.config import config_from_mapping, require_range
from ctr_env.estimators.mirrored import MirroredEstimator
from ctr_env.geometry import transform
from ctr_env.scenes.kinematics import RobotKinematics
from ctr_env.scenes.robots import RobotDescription

from .cropping import Crop, robot_crop, small_size, whole_picture
from .packaged import packaged_robots, packaged_weights, weights_robot
from .points import link_points

if TYPE_CHECKING:
    from .inference import Detection, Detector
    from .pose import PoseFit

__all__ = ["CtRNetConfig", "CtRNetEstimator", "make_ctrnet"]


@dataclass(frozen=True, kw_only=True)
class CtRNetConfig:
    """Where the weights are, and when an estimate is trusted."""

    weights: str | None = None
    """Weights file; none: those that come with the package."""
    keypoints: str = "all"
    """``"all"`` points that the network finds, or only the ``"published"`` ones."""
    looks: int = 2
    """Looks at a picture of which nothing is known: one at the whole, then closer ones at where the robot was found."""
    tracking: bool = True
    """Whether to look closely right away at where the last pose puts the robot."""
    min_confidence: float = 0.3
    """Least confidence of a point that is used."""
    min_keypoints: int = 5
    """Fewest points that a pose is made of."""
    max_reprojection: float = 0.1
    """Largest RMS reprojection error, as a share of the robot's extent in the picture."""
    max_position_std: float = 0.15
    """Largest standard deviation of the base's position, metres."""

    def __post_init__(self) -> None:
        """Check every value."""
        if self.keypoints not in ("all", "published"):
            raise ValueError(f"CtRNetConfig.keypoints must be 'all' or 'published', not {self.keypoints!r}")
        require_range(self, 0.0, 1.0, "min_confidence", "max_reprojection")
        require_range(self, 4, 1000, "min_keypoints")
        require_range(self, 1, 5, "looks")
        require_range(self, 1e-6, 1e6, "max_position_std")


def make_ctrnet(kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> PoseEstimator:
    """The estimator for a robot, by way of its mirror image where only that one has weights.

    Raises:
        ValueError: If a field is unknown or out of range, or no weights come with the package for this robot.
        FileNotFoundError: If the weights file does not exist.
    """
    settings = config_from_mapping(CtRNetConfig, config)
    robot = kinematics.robot
    if robot.mirror_of is not None and not _has_own_weights(robot, settings):
        return MirroredEstimator(CtRNetEstimator(RobotKinematics(robot.mirror_of), settings), robot)
    return CtRNetEstimator(kinematics, settings)


def _has_own_weights(robot: RobotDescription, settings: CtRNetConfig) -> bool:
    if settings.weights is None:
        return robot.name in packaged_robots()
    return weights_robot(Path(settings.weights)) == robot.name


class _View(NamedTuple):
    """Part of a picture, and if anybody knows, the pose there and the ``(K, 2)`` picture pixels of the points in it."""

    crop: Crop
    pose: RigidTransform | None = None
    guess: NDArray[np.float64] | None = None


class _Sight(NamedTuple):
    """What a look gave: the points found, which of them ``(K,)`` count, and the pose that fits those."""

    detection: Detection
    used: NDArray[np.bool_]
    fit: PoseFit

    @property
    def located(self) -> bool:
        """Whether there is a pose at all, trusted or not."""
        return not self.fit.status

    @property
    def pose(self) -> RigidTransform:
        """``camera_T_base``."""
        return transform(self.fit.translation, Rotation.from_matrix(self.fit.rotation))


class CtRNetEstimator(PoseEstimator):
    """The learned estimator (CtRNet, arXiv 2302.14332, in this package's form).

    A first look at the whole picture finds the robot; a second one at its surroundings, for which the network is also
    shown a sketch of the arm where the first pose puts it, measures it. From then on the last pose takes the place of
    the first look, which is repeated only when that fails. The pose is the weighted PnP solution over the points that
    the network is confident of, each weighted by its predicted variance.

    Not valid when fewer than ``min_keypoints`` points are confident (``"too_few_keypoints"``), when PnP fails (its
    status), when the pose does not explain the points (``"reprojection_error"``), or hardly determines the base
    (``"uncertain"``).
    """

    needs_image = True
    picture_size = (640, 480)

    def __init__(self, kinematics: RobotKinematics, config: CtRNetConfig | Mapping[str, Any] | None = None) -> None:
        """Read nothing yet: weights are loaded with the first frame.

        Args:
            kinematics: The arm in the pictures.
            config: Settings.

        Raises:
            ValueError: If a field is unknown or out of range, or no weights come with the package for this robot.
            FileNotFoundError: If the weights file does not exist.
        """
        self.config = config_from_mapping(CtRNetConfig, config)
        self._kinematics = kinematics
        self._file = packaged_weights(kinematics.robot) if self.config.weights is None else Path(self.config.weights)
        if not self._file.is_file():
            raise FileNotFoundError(f"no weights file {self._file}")
        self._detector: Detector | None = None
        self._last: RigidTransform | None = None

    @property
    def detector(self) -> Detector:
        """The network that finds mask and points, loaded when it is first asked for.

        Raises:
            ValueError: If the weights file is not one, or belongs to another robot.
        """
        if self._detector is None:
            from .inference import Detector  # torch only where it is needed

            self._detector = Detector(self._file, self._kinematics.robot)
        return self._detector

    def reset(self, rng: np.random.Generator) -> None:
        """Forget the last pose."""
        self._last = None

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose of one frame.

        Raises:
            ValueError: If the frame has no picture.
        """
        if self.config.tracking and self._last is not None:
            tracked = self._estimate(frame, self._look([frame], [self._around(frame, self._last)])[0])
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
        """Poses without knowledge of earlier ones: a look at whole pictures, then closer ones, each led by the last."""
        size = self.detector.input_size
        first = small_size(size) if self.config.looks > 1 else size
        whole = [_View(whole_picture(frame.camera.width, frame.camera.height, first)) for frame in frames]
        found = self._look(frames, whole)
        for _ in range(self.config.looks - 1):
            views = [self._closer(frame, sight) for frame, sight in zip(frames, found, strict=True)]
            again = [i for i, view in enumerate(views) if view is not None]
            closer = self._look([frames[i] for i in again], [view for view in views if view is not None])
            for i, sight in zip(again, closer, strict=True):
                if sight.located or not found[i].located:
                    found[i] = sight
        return [self._estimate(*each) for each in zip(frames, found, strict=True)]

    def _closer(self, frame: Frame, sight: _Sight) -> _View | None:
        """Where to look again: around the robot if it was located, else around the points or the mask."""
        if sight.located:
            return self._around(frame, sight.pose)
        camera, seen = frame.camera, sight.detection.pixels[sight.used]
        if len(seen) < 2:
            rows, columns = np.nonzero(sight.detection.mask > 0.5)
            seen = np.stack([columns, rows], axis=1).astype(float) + 0.5
        if len(seen) < 2:
            return None
        return _View(robot_crop(seen, camera.width, camera.height, self.detector.input_size))

    def _around(self, frame: Frame, pose: RigidTransform) -> _View:
        """A close view of the robot where a pose puts it into the picture."""
        camera = frame.camera
        guess = camera.project(pose.apply(self._points(frame)))
        return _View(robot_crop(guess, camera.width, camera.height, self.detector.input_size), pose, guess)

    def _look(self, frames: Sequence[Frame], views: Sequence[_View]) -> list[_Sight]:
        """Poses from what the network finds in views."""
        if not frames:
            return []
        from .pose import poses_from_points

        images = []
        for frame in frames:
            if frame.image is None:
                raise ValueError("the ctrnet estimator needs Frame.image")
            images.append(frame.image)
        detections = self.detector.detect(images, [view.crop for view in views], [view.guess for view in views])
        points = np.stack([self._points(frame) for frame in frames])
        used = np.stack([self._used(detection) for detection in detections])
        cameras, starts = [frame.camera for frame in frames], [view.pose for view in views]
        fits = poses_from_points(detections, points, used, cameras, starts)
        return [_Sight(*each) for each in zip(detections, used, fits, strict=True)]

    def _estimate(self, frame: Frame, sight: _Sight) -> PoseEstimate:
        covariance = sight.fit.covariance * self.detector.covariance_scale
        reason = self._doubt(sight, covariance)
        return PoseEstimate(
            camera_T_base=sight.pose,
            covariance=covariance,
            valid=not reason,
            time_s=frame.time_s,
            reason=reason,
            keypoints_px=sight.detection.pixels,
            keypoint_confidence=sight.detection.confidence,
            mask=sight.detection.mask,
        )

    def _points(self, frame: Frame) -> NDArray[np.float64]:
        """``(K, 3)`` the network's points in the base frame, metres."""
        return link_points(self._kinematics, frame.joint_positions, self.detector.points)

    def _used(self, detection: Detection) -> NDArray[np.bool_]:
        used = detection.confidence >= self.config.min_confidence
        if self.config.keypoints == "published":
            used = used & (np.arange(len(used)) < len(self._kinematics.robot.keypoint_frames))
        return used

    def _doubt(self, sight: _Sight, covariance: NDArray[np.float64]) -> str:
        """Why an estimate should not be trusted; empty if it should."""
        if sight.used.sum() < self.config.min_keypoints:
            return "too_few_keypoints"
        if sight.fit.status:
            return sight.fit.status
        extent = float(np.max(np.ptp(sight.detection.pixels[sight.used], axis=0)))
        if sight.fit.rms_px > self.config.max_reprojection * extent:
            return "reprojection_error"
        return "uncertain" if np.trace(covariance[:3, :3]) > self.config.max_position_std**2 else ""
