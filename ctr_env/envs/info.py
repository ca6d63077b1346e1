"""The ``info`` of a step."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ctr_env.controllers import ServoCommand

from .episode import Episode
from .loop_errors import LoopErrors
from .observation import Snapshot

__all__ = ["error_info", "step_info"]


class _Errors(Protocol):
    """Errors by the newest valid estimate: of one environment, or ``(N,)`` of each of N."""

    @property
    def known(self) -> Any:
        """Whether there has been a valid estimate."""

    @property
    def apparent_error(self) -> tuple[Any, Any]:
        """Distance (m) and angle (rad) between goal and gripper by the estimate."""

    @property
    def estimate_error(self) -> tuple[Any, Any]:
        """The same between estimated and true ``camera_T_base``."""


def error_info(true_error: tuple[Any, Any], errors: _Errors) -> dict[str, Any]:
    """The part of :func:`step_info` that says how far gripper and estimate are off."""
    return {
        "true_position_error_m": true_error[0],
        "true_rotation_error_rad": true_error[1],
        "apparent_position_error_m": errors.apparent_error[0],
        "apparent_rotation_error_rad": errors.apparent_error[1],
        "estimate_position_error_m": errors.estimate_error[0],
        "estimate_rotation_error_rad": errors.estimate_error[1],
        "estimate_known": errors.known,
    }


def step_info(
    episode: Episode, now: Snapshot, errors: LoopErrors, command: ServoCommand, true_error: tuple[float, float]
) -> dict[str, Any]:
    """Everything that is recorded of a step, but for ``is_success`` and the ``draws`` of the episode.

    The keys and shapes are the same at every step; there are no wall-clock times and no NaN. Distances are in metres,
    angles in radians.

    - ``true_position_error_m``, ``true_rotation_error_rad``: gripper against goal, from the simulator.
    - ``apparent_position_error_m``, ``apparent_rotation_error_rad``: gripper against goal as estimate and encoders have
      it; with a closed endpoint, as the newest image shows the gripper. Zero until ``estimate_known``.
    - ``estimate_position_error_m``, ``estimate_rotation_error_rad``: estimated against true ``camera_T_base``
    - ``estimate_known``: whether there has been a valid estimate; ``estimate_valid``, ``estimate_reason``: whether the
      newest one is valid, and if not, why.
    - ``controller_mode``, ``controller_reason``: see :class:`~ctr_env.controllers.ServoCommand`.
    - ``arm_in_view``: visible share of the arm; ``at_joint_limit``; ``time_s``.
    - ``camera_T_base``: true pose, ``(4, 4)``; ``intrinsics``: ``(4,)`` fx, fy, cx, cy, pixels.
    - ``seed``: seed of the episode; ``draws``: its random draws; ``frame_draws``: those of this frame.

    Args:
        episode: The episode.
        now: This instant.
        errors: Errors by the newest valid estimate.
        command: The command that led here.
        true_error: True position error (m) and rotation error (rad).
    """
    camera = now.camera
    return error_info(true_error, errors) | {
        "estimate_valid": now.estimate.valid,
        "estimate_reason": now.estimate.reason,
        "controller_mode": command.mode,
        "controller_reason": command.reason,
        "arm_in_view": now.arm_in_view,
        "at_joint_limit": now.at_joint_limit,
        "time_s": now.time_s,
        "camera_T_base": now.camera_T_base_matrix.copy(),
        "intrinsics": np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
        "seed": episode.seed,
        "frame_draws": {name: value.copy() for name, value in now.frame_draws.items()},
    }
