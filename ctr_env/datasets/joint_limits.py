"""Whether joint angles can be those of a robot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["require_joints"]

_BEYOND = 0.1  # rad: how far behind its stop a joint may be measured


def require_joints(kinematics: RobotKinematics, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ``(n,)`` joint positions (rad), if the robot can take them.

    Raises:
        ValueError: If one is not finite, or lies beyond its limits by more than encoders are wrong.
    """
    joints = zip(kinematics.robot.arm_joints, positions, kinematics.lower, kinematics.upper, strict=True)
    for name, position, lower, upper in joints:
        if not lower - _BEYOND <= position <= upper + _BEYOND:
            hint = "; angles are expected in radians" if abs(position) > 2.0 * np.pi else ""
            raise ValueError(
                f"{name} is at {position:.4g} rad, beyond its limits {lower:.4g} to {upper:.4g}: not an angle of "
                f"{kinematics.robot.name}{hint}"
            )
    return positions
