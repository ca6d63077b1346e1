"""Frames of one joint configuration of the arm, which an estimator errs in alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from .fuse import fuse

__all__ = ["SAME_CONFIGURATION_RAD", "JointConfiguration", "grouped", "same_configuration"]

SAME_CONFIGURATION_RAD = 0.05
"""Joint configurations that differ by less, in every joint, are one."""

_EXACT = 1e-14  # square metres and radians: variance of what claims to be exact
_MOST = 50  # frames of a joint configuration that are remembered


class JointConfiguration:
    """One measurement that is made of the frames of a joint configuration, the most certain ones if there are many.

    Their errors are alike, so it is no more certain than they are, however many they are, and less if they scatter more
    than they say; those far off, and those that know little, hardly count.

    Attributes:
        joints: ``(n,)`` joint positions of the first frame, rad.
        pose: What the frames agree on, ``camera_T_base``.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
    """

    def __init__(self, joints: NDArray[np.float64], pose: RigidTransform, covariance: NDArray[np.float64]) -> None:
        """A joint configuration, seen in one frame so far."""
        self.joints, self.pose, self.covariance = np.array(joints), pose, covariance
        self._poses, self._covariances = [pose], [covariance]

    def add(self, pose: RigidTransform, covariance: NDArray[np.float64]) -> None:
        """Take in the pose of another frame."""
        self._poses.append(pose)
        self._covariances.append(covariance)
        if len(self._poses) > _MOST:
            least = int(np.argmax(np.linalg.slogdet(np.stack(self._covariances))[1]))  # the oldest of those alike
            del self._poses[least], self._covariances[least]
        agreed = fuse(self._poses, self._covariances, self.pose)
        told = agreed.weights * np.trace(
            np.linalg.inv(np.stack(self._covariances) + _EXACT * np.eye(6)), axis1=1, axis2=2
        )
        self.pose, self.covariance = agreed.pose, agreed.covariance * np.sum(told) ** 2 / np.sum(told**2)


def same_configuration(
    one: NDArray[np.float64], other: NDArray[np.float64], same_rad: float = SAME_CONFIGURATION_RAD
) -> bool:
    """Whether two ``(n,)`` joint positions (rad) are of one joint configuration."""
    return bool(np.abs(one - other).max() < same_rad)


def grouped(
    configurations: list[JointConfiguration],
    joints: NDArray[np.float64],
    pose: RigidTransform,
    covariance: NDArray[np.float64],
    same_rad: float = SAME_CONFIGURATION_RAD,
) -> None:
    """Take a frame's pose in: into the joint configuration that it shows, or as a new one at the end of the list.

    Args:
        configurations: Those seen so far.
        joints: ``(n,)`` joint positions of the frame, rad.
        pose: Its ``camera_T_base``.
        covariance: ``(6, 6)`` of that.
        same_rad: Joint configurations that differ by less, in every joint, are one.
    """
    for configuration in configurations:
        if same_configuration(configuration.joints, joints, same_rad):
            configuration.add(pose, covariance)
            return
    configurations.append(JointConfiguration(joints, pose, covariance))
