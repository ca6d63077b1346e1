"""The goal as a controller is given it."""

from __future__ import annotations

from ctr_env.controllers import ServoGoal

from .loop_errors import LoopErrors
from .observation import Snapshot

__all__ = ["servo_goal"]


def servo_goal(now: Snapshot, errors: LoopErrors) -> ServoGoal | None:
    """The goal in the base frame by the newest estimate; ``None`` if that is not valid.

    Args:
        now: This instant.
        errors: Errors by the newest valid estimate.
    """
    if not now.estimate.valid or errors.base_T_goal is None:
        return None
    return ServoGoal(
        errors.base_T_goal,
        now.estimate.time_s,
        gripper_offset=errors.gripper_offset,
        camera_T_base=now.estimate.camera_T_base,
        camera=now.camera,
        covariance=now.estimate.covariance,
    )
