"""What is known of one instant before its image and its estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.randomization import Draws

__all__ = ["Measurement"]


@dataclass(frozen=True)
class Measurement:
    """What is known, and true, at one instant before its image and its estimate.

    Attributes:
        step: Number of the frame within its episode.
        time_s: Now, seconds.
        joint_positions: ``(n,)`` as measured (with the encoders' bias), rad.
        joint_velocities: ``(n,)`` rad/s.
        camera: Intrinsics.
        camera_T_goal_matrix: ``(4, 4)`` goal pose in the camera frame.
        camera_T_base_matrix: ``(4, 4)`` true camera-to-base pose.
        base_T_ee_matrix: ``(4, 4)`` true gripper pose.
        base_T_goal_matrix: ``(4, 4)`` true goal pose.
        arm_in_view: Share of the arm that is inside the image and not occluded.
        at_joint_limit: Whether a joint is near its stop.
        frame_draws: Random draws of this frame, by field name.
        wants_image: Whether observation or estimator use the image of this frame.
    """

    step: int
    time_s: float
    joint_positions: NDArray[np.float64]
    joint_velocities: NDArray[np.float64]
    camera: PinholeCamera
    camera_T_goal_matrix: NDArray[np.float64]
    camera_T_base_matrix: NDArray[np.float64]
    base_T_ee_matrix: NDArray[np.float64]
    base_T_goal_matrix: NDArray[np.float64]
    arm_in_view: float
    at_joint_limit: bool
    frame_draws: Draws
    wants_image: bool

    def frame(self, image: NDArray[np.uint8] | None) -> Frame:
        """What the estimator is given, with the image if there is one."""
        return Frame(self.joint_positions, self.camera, self.time_s, image)
