"""Estimation by mirroring: an estimator of a left arm applied to a right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import transform
from ctr_env.scenes.robots.description import RobotDescription

from .base import GroundTruth, PoseEstimate, PoseEstimator

__all__ = ["Mirror", "MirroredEstimator"]

_IMAGE = np.diag([-1.0, 1.0, 1.0])  # camera axes: x is reflected
_BASE = np.diag([1.0, -1.0, 1.0])  # base axes: y is reflected
_TWIST = np.diag(
    [-1.0, 1.0, 1.0, 1.0, -1.0, -1.0]
)  # polar vectors reflect as points do, axial vectors with the opposite sign


class Mirror:
    """Maps frames of a robot to frames of its mirror image, and estimates of the latter back.

    Attributes:
        robot: Name of the robot that is the mirror image.
    """

    def __init__(self, robot: RobotDescription) -> None:
        """Take the mirror image and the signs of its joints from a description.

        Args:
            robot: The robot in the images.

        Raises:
            ConfigurationError: If the robot is not described as the mirror image of another one.
        """
        if robot.mirror_of is None:
            raise ConfigurationError(f"robot {robot.name!r} is not described as another's mirror image (mirror_of)")
        self.robot = robot.mirror_of
        self._signs = np.array(robot.mirror_signs)

    def frame(self, frame: Frame) -> Frame:
        """The frame of the mirror image: horizontally flipped image and camera, mirrored joint positions."""
        return Frame(
            joint_positions=self._signs * frame.joint_positions,
            camera=frame.camera.mirrored(),
            time_s=frame.time_s,
            image=None if frame.image is None else np.ascontiguousarray(frame.image[:, ::-1]),
            joint_velocities=None if frame.joint_velocities is None else self._signs * frame.joint_velocities,
        )

    def joints(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` joint positions, velocities or offsets of the mirror image, or the reverse."""
        return self._signs * values

    def truth(self, truth: GroundTruth) -> GroundTruth:
        """True poses of the mirror image; without ``camera_T_ee``, as end-effector frames are not mirror images."""
        return GroundTruth(truth.time_s, self.pose(truth.camera_T_base))

    def pose(self, pose: RigidTransform) -> RigidTransform:
        """``camera_T_base`` of the mirror image from that of the robot, or the reverse."""
        rotation: NDArray[np.float64] = _IMAGE @ pose.rotation.as_matrix() @ _BASE
        return transform(_IMAGE @ pose.translation, Rotation.from_matrix(rotation))

    def twist(self, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6,)`` error twist (see ``PoseEstimate.covariance``) of the mirror image, or the reverse."""
        return _TWIST @ twist

    def covariance(self, covariance: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(6, 6)`` covariance of such twists, likewise."""
        return _TWIST @ covariance @ _TWIST

    def estimate(self, estimate: PoseEstimate, width: int) -> PoseEstimate:
        """The estimate of the robot from that of its mirror image; without ``camera_T_ee``.

        Args:
            estimate: Estimate of the mirror image.
            width: Width of the image, pixels.
        """
        sensitivity = estimate.joint_sensitivity
        return replace(
            estimate,
            camera_T_base=self.pose(estimate.camera_T_base),
            covariance=self.covariance(estimate.covariance),
            keypoints_px=estimate.keypoints_px * (-1.0, 1.0) + (width, 0.0),
            mask_source=None if estimate.mask_source is None else partial(_flipped, estimate),
            camera_T_ee=None,
            joint_sensitivity=None
            if sensitivity is None
            else _TWIST @ sensitivity * self.joints(np.ones(len(sensitivity.T))),
        )


def _flipped(estimate: PoseEstimate) -> NDArray[np.float32]:
    assert estimate.mask is not None
    return np.ascontiguousarray(estimate.mask[:, ::-1])


class MirroredEstimator(PoseEstimator):
    """Handles a robot by mirroring image and joint positions for an estimator of its mirror image."""

    def __init__(self, inner: PoseEstimator, mirror: Mirror) -> None:
        """Wrap an estimator of ``mirror.robot``."""
        self.inner, self._mirror = inner, mirror
        self.needs_image, self.needs_board = inner.needs_image, inner.needs_board
        self.needs_truth = inner.needs_truth
        self.image_size = inner.image_size
        self.systematic_m, self.systematic_rad = inner.systematic_m, inner.systematic_rad
        self.joint_std_rad = inner.joint_std_rad
        self.uncertainty_source = inner.uncertainty_source

    def reset(self, rng: np.random.Generator) -> None:
        """Start a new sequence of frames."""
        self.inner.reset(rng)

    def wants_image(self, time_s: float) -> bool:
        """Whether the other estimator uses the image of a time."""
        return self.inner.wants_image(time_s)

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

    @classmethod
    def estimate_each(cls, estimators: Sequence[Self], frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses from the newest frame of each of N sequences."""
        mirrored = [each._mirror.frame(frame) for each, frame in zip(estimators, frames, strict=True)]
        inner = [each.inner for each in estimators]
        found = type(inner[0]).estimate_each(inner, mirrored)
        return [
            each._mirror.estimate(estimate, frame.camera.width)
            for each, estimate, frame in zip(estimators, found, frames, strict=True)
        ]
