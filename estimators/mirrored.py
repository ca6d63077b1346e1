"""An arm seen in a mirror: what was learned of a left arm, used for a right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import PinholeCamera, transform
from ctr_env.scenes.robots import RobotDescription

from .base import Frame, PoseEstimate, PoseEstimator

__all__ = ["MirroredEstimator"]

_PICTURE = np.diag([-1.0, 1.0, 1.0])  # camera axes: left and right exchanged
_BASE = np.diag([1.0, -1.0, 1.0])  # base axes: likewise
_TWIST = np.diag([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])  # translations reflect as points do, rotations the other way


class MirroredEstimator(PoseEstimator):
    """Shows an estimator of the mirror image flipped pictures and mirrored joints, and flips back what it finds."""

    def __init__(self, inner: PoseEstimator, robot: RobotDescription) -> None:
        """Wrap an estimator of ``robot.mirror_of``.

        Args:
            inner: The estimator.
            robot: The robot in the pictures.

        Raises:
            ValueError: If the robot is no other's mirror image.
        """
        if robot.mirror_of is None:
            raise ValueError(f"robot {robot.name!r} is not described as another's mirror image (mirror_of)")
        self.inner = inner
        self.needs_image, self.needs_board = inner.needs_image, inner.needs_board
        self.picture_size = inner.picture_size
        self._signs = np.array(robot.mirror_signs)

    def reset(self, rng: np.random.Generator) -> None:
        """Start a new sequence of frames."""
        self.inner.reset(rng)

    def estimate(self, frame: Frame) -> PoseEstimate:
        """Pose from the newest frame."""
        return _estimate_seen_in_mirror(self.inner.estimate(self._frame(frame)), frame.camera.width)

    def estimate_batch(self, frames: Sequence[Frame]) -> list[PoseEstimate]:
        """Poses of frames in order of time."""
        found = self.inner.estimate_batch([self._frame(frame) for frame in frames])
        return [_estimate_seen_in_mirror(e, frame.camera.width) for e, frame in zip(found, frames, strict=True)]

    def _frame(self, frame: Frame) -> Frame:
        pose = frame.true_camera_T_base
        return Frame(
            joint_positions=self._signs * frame.joint_positions,
            camera=_flipped(frame.camera),
            time_s=frame.time_s,
            image=None if frame.image is None else np.ascontiguousarray(frame.image[:, ::-1]),
            true_camera_T_base=None if pose is None else _reflected(pose),
        )


def _flipped(camera: PinholeCamera) -> PinholeCamera:
    """The camera of the flipped picture; of OpenCV's distortion, p2 (tangential along x) changes its sign."""
    distortion = camera.distortion
    if len(distortion) > 3:
        distortion = (*distortion[:3], -distortion[3], *distortion[4:])
    return replace(camera, cx=camera.width - camera.cx, distortion=distortion)


def _reflected(pose: RigidTransform) -> RigidTransform:
    rotation: NDArray[np.float64] = _PICTURE @ pose.rotation.as_matrix() @ _BASE
    return transform(_PICTURE @ pose.translation, Rotation.from_matrix(rotation))


def _estimate_seen_in_mirror(estimate: PoseEstimate, width: int) -> PoseEstimate:
    pixels = estimate.keypoints_px * (-1.0, 1.0) + (width, 0.0)
    mask = None if estimate.mask is None else np.ascontiguousarray(estimate.mask[:, ::-1])
    return replace(
        estimate,
        camera_T_base=_reflected(estimate.camera_T_base),
        covariance=_TWIST @ estimate.covariance @ _TWIST,
        keypoints_px=pixels,
        mask=mask,
        camera_T_ee=None,
    )
