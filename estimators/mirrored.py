"""An arm seen in a mirror: what was learned of a left arm, used for a right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.geometry import transform
from ctr_env.scenes.robots.description import RobotDescription

from .base import GroundTruth, PoseEstimate, PoseEstimator

__all__ = ["Mirror", "MirroredEstimator"]

_IMAGE = np.diag([-1.0, 1.0, 1.0])  # camera axes: left and right exchanged
_BASE = np.diag([1.0, -1.0, 1.0])  # base axes: likewise
_TWIST = np.diag([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])  # translations reflect as points do, rotations the other way


class Mirror:
    """Turns what is seen of a robot into what would be seen of its mirror image, and answers about that one back.

    Attributes:
        robot: Name of the mirror image.
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Hang it up.

        Args:
            robot: The robot in the images.

        Raises:
            ValueError: If the robot is no other's mirror image.
        """
        if robot.mirror_of is None:
            raise ValueError(f"robot {robot.name!r} is not described as another's mirror image (mirror_of)")
        self.robot = robot.mirror_of
        self._signs = np.array(robot.mirror_signs)

    def frame(self, frame: Frame) -> Frame:
        """The mirror image's frame: flipped image and camera, mirrored joints."""
        return Frame(
            joint_positions=self._signs * frame.joint_positions,
            camera=frame.camera.mirrored(),
            time_s=frame.time_s,
            image=None if frame.image is None else np.ascontiguousarray(frame.image[:, ::-1]),
        )

    def truth(self, truth: GroundTruth) -> GroundTruth:
        """True poses of the mirror image's frame; no ``camera_T_ee``, whose frame has no mirror image."""
        return GroundTruth(truth.time_s, self.pose(truth.camera_T_base))

    def pose(self, pose: RigidTransform) -> RigidTransform:
        """``camera_T_base`` of the one from that of the other, either way."""
        rotation: NDArray[np.float64] = _IMAGE @ pose.rotation.as_matrix() @ _BASE
        return transform(_IMAGE @ pose.translation, Rotation.from_matrix(rotation))

    def twist(self, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6,)`` difference of two such poses, likewise (see ``PoseEstimate.covariance``)."""
        return _TWIST @ twist

    def covariance(self, covariance: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6, 6)`` covariance of such twists, likewise."""
        return _TWIST @ covariance @ _TWIST

    def estimate(self, estimate: PoseEstimate, width: int) -> PoseEstimate:
        """What an estimate of the mirror image says of the robot, in a image of a width; no ``camera_T_ee``."""
        return replace(
            estimate,
            camera_T_base=self.pose(estimate.camera_T_base),
            covariance=self.covariance(estimate.covariance),
            keypoints_px=estimate.keypoints_px * (-1.0, 1.0) + (width, 0.0),
            mask=None if estimate.mask is None else np.ascontiguousarray(estimate.mask[:, ::-1]),
            camera_T_ee=None,
        )


class MirroredEstimator(PoseEstimator):
    """Shows an estimator of the mirror image flipped images and mirrored joints, and flips back what it finds."""

    def __init__(self, inner: PoseEstimator, mirror: Mirror) -> None:
        """Wrap an estimator of ``mirror.robot``."""
        self.inner, self._mirror = inner, mirror
        self.needs_image, self.needs_board = inner.needs_image, inner.needs_board
        self.needs_truth = inner.needs_truth
        self.image_size = inner.image_size
        self.systematic_m, self.systematic_rad = inner.systematic_m, inner.systematic_rad

    def reset(self, rng: np.random.Generator) -> None:
        """Start a new sequence of frames."""
        self.inner.reset(rng)

    def observe_truth(self, truth: GroundTruth) -> None:
        """Forward the true poses of the mirror image's frame."""
        self.inner.observe_truth(self._mirror.truth(truth))

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from the newest frame."""
        return self._mirror.estimate(self.inner.estimate(self._mirror.frame(frame)), frame.camera.width)

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time."""
        found = self.inner.estimate_batch([self._mirror.frame(frame) for frame in frames])
        return [self._mirror.estimate(e, frame.camera.width) for e, frame in zip(found, frames, strict=True)]
