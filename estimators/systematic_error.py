"""The systematic (frame-correlated) error of a pose: its default size, and its covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["JOINT_STD_RAD", "SYSTEMATIC_M", "SYSTEMATIC_RAD", "systematic_covariance"]

SYSTEMATIC_M = 0.001
"""Standard deviation of each coordinate of the base position, metres. Errors of lens, mesh and network are alike in all
frames of a camera. Chosen by hand; joint offsets are accounted for by themselves."""
SYSTEMATIC_RAD = 0.001
"""The same for each component of the rotation vector, radians."""

JOINT_STD_RAD = 0.002
"""Standard deviation of each joint's offset, rad: encoder and kinematic errors of an arm that was not calibrated."""


def systematic_covariance(
    position_m: float = SYSTEMATIC_M, rotation_rad: float = SYSTEMATIC_RAD
) -> NDArray[np.float64]:
    """``(6, 6)`` diagonal covariance of the systematic error, as ``PoseEstimate.covariance``."""
    return np.diag([position_m**2] * 3 + [rotation_rad**2] * 3)
