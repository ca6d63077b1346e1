"""Looking at part of a image: network, keypoints, PnP, and the contour brought onto the mask's border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.geometry import PinholeCamera, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import RobotSurface, robot_surface

from .cropping import Crop, robot_crop, small_size, whole_image
from .gripper import gripper_pose, points_at_the_gripper
from .points import link_points

if TYPE_CHECKING:
    from ctr_env.estimators.silhouette.alignment import MaskView, Seen
    from ctr_env.estimators.silhouette.contour import Lens

    from .detector import Detection, Detector
    from .pose import PoseFit

__all__ = ["Eye", "Sight", "View"]

_COARSER = 3  # times fewer faces than a scene's robot: yet coarser ones have another contour
_TRUST = 0.1  # of the points' information beside the contour's: they err together
_HIDDEN = 1.0  # percent of the mask's rows and columns on each side that an unguided view may cut off


class View(NamedTuple):
    """Part of a image, and if anybody knows, the pose there and the ``(K, 2)`` image pixels of the points in it."""

    crop: Crop
    pose: RigidTransform | None = None
    guess: NDArray[np.float64] | None = None


class Sight(NamedTuple):
    """What a look gave."""

    detection: Detection
    """What the network found."""
    used: NDArray[np.bool_]
    """``(K,)`` which of the points count."""
    fit: PoseFit
    """The pose that fits."""
    contour_inlier_ratio: float = 0.0
    """Share of the robot's contour there that lies on the mask's border; 0 before anybody looked."""

    @property
    def located(self) -> bool:
        """Whether there is a pose at all, trusted or not."""
        return not self.fit.status

    @property
    def pose(self) -> RigidTransform:
        """``camera_T_base``."""
        return transform(self.fit.translation, Rotation.from_matrix(self.fit.rotation))

    def at(self, pose: RigidTransform, contour_inlier_ratio: float) -> Sight:
        """The same look with another pose, and how much of the contour there is explained."""
        R, t = pose.rotation.as_matrix(), np.asarray(pose.translation)
        return self._replace(
            fit=replace(self.fit, rotation=R, translation=t, status=""), contour_inlier_ratio=contour_inlier_ratio
        )


@dataclass(frozen=True)
class Eye:
    """Looks at parts of images.

    Attributes:
        detector: The network.
        kinematics: The arm in the images.
        min_confidence: Least confidence of a point that counts.
        published: Whether the published keypoints alone count.
    """

    detector: Detector
    kinematics: RobotKinematics
    min_confidence: float
    published: bool

    def glance(self, frame: Frame, small: bool) -> View:
        """All of a image, at the network's full size or, quicker, a smaller one."""
        size = self.detector.input_size
        return View(whole_image(frame.camera.width, frame.camera.height, small_size(size) if small else size))

    def around(self, frame: Frame, pose: RigidTransform) -> View:
        """A close view of the robot where a pose puts it into the image."""
        camera = frame.camera
        guess = camera.project(pose.apply(self.points(frame)))
        return View(robot_crop(guess, camera.width, camera.height, self.detector.input_size), pose, guess)

    def closer(self, frame: Frame, sight: Sight) -> View | None:
        """Where to look again: around the robot if it was located, else at what was seen of it."""
        return self.around(frame, sight.pose) if sight.located else self.unguided(frame, sight)

    def unguided(self, frame: Frame, sight: Sight) -> View | None:
        """A close view of what was seen, mask or else points, without a word on the pose; ``None`` if nothing was."""
        rows, columns = np.nonzero(sight.detection.mask > 0.5)
        seen = np.stack([columns, rows], axis=1) + 0.5
        if len(seen) >= 2:
            seen = np.percentile(seen, [_HIDDEN, 100.0 - _HIDDEN], axis=0)
        else:
            seen = sight.detection.pixels[sight.used]
        if len(seen) < 2:
            return None
        return View(robot_crop(seen, frame.camera.width, frame.camera.height, self.detector.input_size))

    def look(self, frames: Sequence[Frame], views: Sequence[View]) -> list[Sight]:
        """Poses from the points that the network finds in views of frames, all of one size.

        Raises:
            ValueError: If a frame has no image.
        """
        from .pose import poses_from_points

        images = []
        for frame in frames:
            if frame.image is None:
                raise ValueError("the ctrnet estimator needs Frame.image")
            images.append(frame.image)
        if not images:
            return []
        detections = self.detector.detect(images, [view.crop for view in views], [view.guess for view in views])
        points = np.stack([self.points(frame) for frame in frames])
        used = np.stack([self._used(detection) for detection in detections])
        cameras, starts = [frame.camera for frame in frames], [view.pose for view in views]
        fits = poses_from_points(detections, points, used, cameras, starts)
        return [Sight(*each) for each in zip(detections, used, fits, strict=True)]

    def aligned(self, frame: Frame, sight: Sight) -> Sight:
        """The same with the pose whose contour lies on the mask's border."""
        if not sight.located:
            return sight
        from ctr_env.estimators.silhouette.alignment import align

        fit = sight.fit
        found = align(self.surface, [self.seen(frame, sight)], fit.rotation, fit.translation, fit.covariance / _TRUST)
        fit = replace(fit, rotation=found.rotation, translation=found.translation, covariance=found.covariance)
        return sight._replace(fit=fit, contour_inlier_ratio=found.contour_inlier_ratio)

    @cached_property
    def surface(self) -> RobotSurface:
        """The robot whose contour is drawn."""
        robot = self.kinematics.robot
        return robot_surface(robot, robot.face_budget // _COARSER)

    def seen(self, frame: Frame, sight: Sight) -> Seen:
        """The robot in the mask of a look at a frame."""
        from ctr_env.estimators.silhouette.alignment import Seen

        vertices = self.surface.posed(self.kinematics, frame.joint_positions)
        return Seen(vertices, _mask_view(sight.detection, frame.camera))

    def gripper(self, frame: Frame, sight: Sight) -> RigidTransform | None:
        """``camera_T_ee`` by the points near the gripper; ``None`` where too few are seen."""
        from .pose import undistorted

        base_T_ee, found = self.kinematics.base_T_ee(frame.joint_positions), sight.detection
        counted = sight.used & self._at_the_gripper
        return gripper_pose(
            sight.pose * base_T_ee,
            base_T_ee.inv().apply(self.points(frame)),
            undistorted(found.pixels, frame.camera),
            np.where(counted, 1.0 / found.variance, 0.0),
            frame.camera,
        )

    @cached_property
    def _at_the_gripper(self) -> NDArray[np.bool_]:
        return points_at_the_gripper(self.kinematics, self.detector.points)

    def points(self, frame: Frame) -> NDArray[np.float64]:
        """``(K, 3)`` the network's points in the base frame, metres."""
        return link_points(self.kinematics, frame.joint_positions, self.detector.points)

    def _used(self, detection: Detection) -> NDArray[np.bool_]:
        used = detection.confidence >= self.min_confidence
        if self.published:
            used = used & (np.arange(len(used)) < len(self.kinematics.robot.keypoint_frames))
        return used


def _mask_view(detection: Detection, camera: PinholeCamera) -> MaskView:
    """A crop's mask with the camera that sees it."""
    from ctr_env.estimators.silhouette.alignment import MaskView
    from ctr_env.estimators.silhouette.contour import Lens

    crop = detection.crop
    centre = crop.forward((camera.cx, camera.cy))
    lens = Lens(camera.fx * crop.scale, camera.fy * crop.scale, float(centre[0]), float(centre[1]))
    low, high = crop.forward((0.0, 0.0)), crop.forward((camera.width, camera.height))
    bend = partial(_bend, lens, camera, crop) if camera.distortion else None
    return MaskView(detection.crop_mask, lens, low, high, bend)


def _bend(lens: Lens, camera: PinholeCamera, crop: Crop, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of a crop without lens distortion ``(N, 2)`` to where they are seen."""
    return crop.forward(camera.project(lens.rays(pixels)))
