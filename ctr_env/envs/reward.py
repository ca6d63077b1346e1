"""The reward of a step."""

from __future__ import annotations

__all__ = ["ROTATION_WEIGHT_M", "reward"]

ROTATION_WEIGHT_M = 0.1
"""Metres that a radian of rotation error counts as."""


def reward(position_error_m: float, rotation_error_rad: float) -> float:
    """Minus the true position error, minus the weighted true rotation error.

    Args:
        position_error_m: Distance of the gripper from its goal.
        rotation_error_rad: Angle between their orientations.
    """
    return float(-(position_error_m + ROTATION_WEIGHT_M * rotation_error_rad))
