"""The joint configuration whose image would tell most about the pose of a static camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.ctrnet.setup import CameraSetup, Parameters
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["NextConfiguration", "PoseInformation", "novelty", "ranked"]

_SIGMA_PX = 2.0  # of a keypoint, at an image width of 640 pixels, before images say what it is
_LEAST_SHARE, _MOST_SHARE = 0.1, 10.0  # of that value, that images can make it
_CORRELATION_RAD = 0.2
"""RMS joint distance over which errors decorrelate. Poses of single images (packaged network, 288 rendered images of
eight cameras) correlate by 0.35 at 0.075 rad, 0.23 at 0.15 rad and 0.05 at 0.25 rad."""
_EXACT = 1e-10  # square metres and radians: least variance of a pose
_UNKNOWN = np.diag([0.1**2] * 3 + [0.1**2] * 3)  # covariance of a pose before the first image

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class NextConfiguration:
    """A joint configuration, rated.

    Attributes:
        joint_positions: ``(n,)`` rad.
        gain: Increase of the log-determinant of the pose's information by an image of it, nats.
        independent: ``(6, 6)`` independent part of the pose's covariance after that image, as
            ``PoseEstimate.covariance``.
    """

    joint_positions: _Vector
    gain: float
    independent: _Vector


@dataclass(frozen=True)
class PoseInformation:
    """Predicts what the keypoints of an image tell about the pose of a camera.

    Attributes:
        kinematics: The robot.
        camera: Intrinsics, without lens distortion.
        camera_T_base: The pose, as far as it is known.
        sigma_px: Standard deviation of each coordinate of a detected keypoint, pixels.
    """

    kinematics: RobotKinematics
    camera: PinholeCamera
    camera_T_base: RigidTransform
    sigma_px: float

    @classmethod
    def scaled(
        cls,
        kinematics: RobotKinematics,
        camera: PinholeCamera,
        camera_T_base: RigidTransform,
        taken: Sequence[_Vector],
        independent: _Vector | None,
    ) -> PoseInformation:
        """With the keypoint error that explains a covariance.

        Args:
            kinematics: The robot.
            camera: Intrinsics, without lens distortion.
            camera_T_base: The pose.
            taken: ``(n,)`` joint positions of the images that the pose rests on, rad.
            independent: ``(6, 6)`` independent part of its covariance; ``None``: no image was taken.
        """
        usual = _SIGMA_PX * camera.width / 640.0
        unit = cls(kinematics, camera, camera_T_base, 1.0)
        if independent is None or not taken:
            return cls(kinematics, camera, camera_T_base, usual)
        told = sum((unit.matrix(joints) for joints in taken), np.zeros((6, 6))) + np.linalg.inv(_UNKNOWN)
        known = np.linalg.inv(independent + _EXACT * np.eye(6))
        sigma = float(np.exp((np.linalg.slogdet(told)[1] - np.linalg.slogdet(known)[1]) / 12.0))
        return cls(kinematics, camera, camera_T_base, float(np.clip(sigma, _LEAST_SHARE * usual, _MOST_SHARE * usual)))

    def matrix(self, joint_positions: _Vector) -> _Vector:
        """``(6, 6)`` information about the pose in an image of ``(n,)`` joint positions (rad): JᵀJ / σ² of keypoints.

        Keypoints outside the image tell nothing.
        """
        points = self.kinematics.keypoints(joint_positions)
        seen = self.camera.contains(self.camera.project(self.camera_T_base.apply(points)))
        n = self.kinematics.n
        setup = CameraSetup(self.camera_T_base, self.camera, np.zeros(n))
        still = np.zeros((int(seen.sum()), 3, n))
        J = Parameters((), n, self.camera.width).jacobian(setup, points[seen], still, np.zeros(n)).reshape(-1, 6)
        return np.asarray(J.T @ J / self.sigma_px**2)


def novelty(joint_positions: _Vector, taken: Sequence[_Vector]) -> float:
    """Share of an image's information that images of other joint configurations do not have already, 0 to 1.

    One less the correlation of its error with that of the nearest of them: errors of an image of the same joint
    configuration are the same.
    """
    if not taken:
        return 1.0
    squares = np.mean((np.stack(taken) - joint_positions) ** 2, axis=1)
    return float(1.0 - np.exp(-0.5 * squares.min() / _CORRELATION_RAD**2))


def ranked(
    candidates: Sequence[_Vector],
    taken: Sequence[_Vector],
    information: PoseInformation,
    independent: _Vector | None = None,
) -> list[NextConfiguration]:
    """Joint configurations by what an image of each would tell about the pose, most first (D-optimality).

    Args:
        candidates: ``(n,)`` joint positions that can be taken, rad.
        taken: ``(n,)`` joint positions of the images that there are, and of those that are not wanted, rad.
        information: What the keypoints of an image tell.
        independent: ``(6, 6)`` independent part of the pose's covariance so far; ``None``: no image was taken. The
            systematic part has no influence: images do not reduce it.
    """
    before = np.linalg.inv(_UNKNOWN if independent is None else independent + _EXACT * np.eye(6))
    found = []
    for joints in candidates:
        after = before + novelty(joints, taken) * information.matrix(joints)
        gain = float(np.linalg.slogdet(after)[1] - np.linalg.slogdet(before)[1])
        found.append(NextConfiguration(joints, gain, np.asarray(np.linalg.inv(after), dtype=float)))
    return sorted(found, key=lambda each: -each.gain)
