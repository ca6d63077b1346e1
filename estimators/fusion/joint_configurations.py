"""Frames grouped by the joint configuration of the arm, in all of which an estimator makes the same error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.estimators.base import PoseEstimate

from .fuse import Fused, JointOffsets, fuse

__all__ = ["SAME_CONFIGURATION_RAD", "JointConfiguration", "fused", "grouped", "same_configuration"]

SAME_CONFIGURATION_RAD = 0.05
"""Joint positions that differ by less, in every joint, are the same joint configuration."""

_EXACT = 1e-14  # square metres and radians: least variance, for measurements that claim to be exact
_MOST = 50  # frames of a joint configuration that are kept


class JointConfiguration:
    """One measurement from the frames of a joint configuration, the most certain ones if there are many.

    The frames' errors are alike, so the measurement's covariance does not shrink with their number, and grows if they
    scatter more than their covariances predict. Outliers and frames with a large covariance have little weight.

    Attributes:
        joints: ``(n,)`` joint positions of the first frame, rad.
        pose: ``camera_T_base`` fused from the frames.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        joint_sensitivity: ``(6, n)`` of the first frame, as ``PoseEstimate.joint_sensitivity``; zeros where unknown.
    """

    def __init__(self, joints: NDArray[np.float64], estimate: PoseEstimate) -> None:
        """Begin with the valid estimate of the first frame of a joint configuration."""
        self.joints, self.pose, self.covariance = np.array(joints), estimate.camera_T_base, estimate.covariance
        known = estimate.joint_sensitivity
        self.joint_sensitivity = np.zeros((6, len(joints))) if known is None else known
        self._poses, self._covariances = [self.pose], [self.covariance]

    def add(self, estimate: PoseEstimate) -> None:
        """Add the valid estimate of another frame."""
        self._poses.append(estimate.camera_T_base)
        self._covariances.append(estimate.covariance)
        if len(self._poses) > _MOST:
            least = int(np.argmax(np.linalg.slogdet(np.stack(self._covariances))[1]))  # of equal ones the oldest
            del self._poses[least], self._covariances[least]
        agreed = fuse(self._poses, self._covariances, self.pose)
        told = agreed.weights * np.trace(
            np.linalg.inv(np.stack(self._covariances) + _EXACT * np.eye(6)), axis1=1, axis2=2
        )
        self.pose, self.covariance = agreed.pose, agreed.covariance * np.sum(told) ** 2 / np.sum(told**2)


def same_configuration(
    one: NDArray[np.float64], other: NDArray[np.float64], same_rad: float = SAME_CONFIGURATION_RAD
) -> bool:
    """Whether two ``(n,)`` joint positions (rad) belong to the same joint configuration."""
    return bool(np.abs(one - other).max() < same_rad)


def grouped(
    configurations: list[JointConfiguration],
    joints: NDArray[np.float64],
    estimate: PoseEstimate,
    same_rad: float = SAME_CONFIGURATION_RAD,
) -> None:
    """Add a frame's estimate to its joint configuration, or to the end of the list as a new one.

    Args:
        configurations: The joint configurations so far; changed in place.
        joints: ``(n,)`` joint positions of the frame, rad.
        estimate: Its valid estimate.
        same_rad: Joint positions that differ by less, in every joint, are the same configuration.
    """
    for configuration in configurations:
        if same_configuration(configuration.joints, joints, same_rad):
            configuration.add(estimate)
            return
    configurations.append(JointConfiguration(joints, estimate))


def fused(
    configurations: Sequence[JointConfiguration],
    systematic: NDArray[np.float64],
    joint_std_rad: float,
    start: RigidTransform | None = None,
) -> Fused:
    """The pose that joint configurations agree on (see :func:`~.fuse.fuse`).

    Args:
        configurations: At least one.
        systematic: ``(6, 6)`` part of their covariances that all of them share.
        joint_std_rad: Standard deviation of each joint's offset that their covariances contain, rad; 0: none.
        start: First iterate.
    """
    poses, covariances = [c.pose for c in configurations], [c.covariance for c in configurations]
    joints = None
    if joint_std_rad > 0.0:
        joints = JointOffsets(np.stack([c.joint_sensitivity for c in configurations]), joint_std_rad)
    return fuse(poses, covariances, start, systematic, joints)
