"""What the images taken so far say about the pose of the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.fusion.fuse import Fused
from ctr_env.estimators.fusion.joint_configurations import JointConfiguration, fused, grouped, same_configuration

__all__ = ["Evidence", "TakenImage", "fused_evidence"]


@dataclass(frozen=True)
class TakenImage:
    """An image that was taken.

    Attributes:
        name: Name of its file.
        joint_positions: ``(n,)`` rad.
        estimate: The pose estimated from this image alone.
    """

    name: str
    joint_positions: NDArray[np.float64]
    estimate: PoseEstimate

    def same_as(self, others: Sequence[TakenImage]) -> str:
        """Name of the first other image of this joint configuration; empty if there is none."""
        same = (o.name for o in others if same_configuration(o.joint_positions, self.joint_positions))
        return next(same, "")


@dataclass(frozen=True)
class Evidence:
    """The fused pose, and how it became more certain.

    Attributes:
        fused: Pose with its covariance.
        configurations: ``(n,)`` joint positions of the distinct joint configurations with a valid estimate, rad.
        history: Covariance after one, two and so on of these.
    """

    fused: Fused
    configurations: tuple[NDArray[np.float64], ...]
    history: tuple[NDArray[np.float64], ...]


def fused_evidence(
    taken: Sequence[TakenImage], systematic: NDArray[np.float64], joint_std_rad: float
) -> Evidence | None:
    """The pose that valid images agree on; ``None`` if there is no valid image.

    Args:
        taken: Images in the order in which they were taken; those of one joint configuration count as one.
        systematic: ``(6, 6)`` covariance of the systematic error, which all images share.
        joint_std_rad: Standard deviation of each joint's offset, rad, as that of the estimator.
    """
    found: list[JointConfiguration] = []
    for image in taken:
        if image.estimate.valid:
            grouped(found, image.joint_positions, image.estimate)
    if not found:
        return None
    steps = [fused(found[:n], systematic, joint_std_rad) for n in range(1, len(found) + 1)]
    return Evidence(steps[-1], tuple(each.joints for each in found), tuple(each.covariance for each in steps))
