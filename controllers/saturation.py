"""Speed limits of the end effector that preserve its direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["saturate_twist"]


def saturate_twist(
    twist: NDArray[np.float64], max_linear_speed: float, max_angular_speed: float
) -> NDArray[np.float64]:
    """The twist, scaled by one factor so that both of its parts are within their limits.

    One factor for all six numbers preserves the path in space; only the time along it changes.

    Args:
        twist: ``(6,)`` m/s, then rad/s.
        max_linear_speed: Largest norm of the linear part, m/s.
        max_angular_speed: Largest norm of the angular part, rad/s.
    """
    numbers = twist.tolist()
    excess = max(math.hypot(*numbers[:3]) / max_linear_speed, math.hypot(*numbers[3:]) / max_angular_speed)
    return twist / max(excess, 1.0)
