"""What all frames of a camera have in common, so that no number of them averages it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SYSTEMATIC_M", "SYSTEMATIC_RAD", "systematic_covariance"]

SYSTEMATIC_M = 0.0025
"""Standard deviation of each coordinate of the base's place, metres: lens, encoders and network err alike in all frames
of a camera. Chosen on 15 cameras of the preset ``strong`` of which no figure is given (those of ``benchmarks/fusion.py
--first 1000 --seeds 15``)."""
SYSTEMATIC_RAD = 0.0025
"""The same of its rotation, radians."""


def systematic_covariance(
    position_m: float = SYSTEMATIC_M, rotation_rad: float = SYSTEMATIC_RAD
) -> NDArray[np.float64]:
    """``(6, 6)`` as ``PoseEstimate.covariance``."""
    return np.diag([position_m**2] * 3 + [rotation_rad**2] * 3)
