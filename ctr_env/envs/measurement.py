"""What is known of one instant before its image and its estimate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators import PoseEstimate
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.randomization import Draws

from .observation import Snapshot

__all__ = ["Measurement"]


class Measurement(NamedTuple):
    """One instant without image and estimate; fields of the same names are those of :class:`Snapshot`."""

    step: int
    """Number of the frame within its episode."""
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
    """Whether observation or estimator use the image of this frame."""

    def frame(self, image: NDArray[np.uint8] | None) -> Frame:
        """What the estimator is given, with the image if there is one."""
        return Frame(self.joint_positions, self.camera, self.time_s, image)

    def snapshot(self, image: NDArray[np.uint8] | None, estimate: PoseEstimate) -> Snapshot:
        """The whole instant."""
        return Snapshot(
            time_s=self.time_s,
            joint_positions=self.joint_positions,
            joint_velocities=self.joint_velocities,
            camera=self.camera,
            camera_T_goal_matrix=self.camera_T_goal_matrix,
            camera_T_base_matrix=self.camera_T_base_matrix,
            base_T_ee_matrix=self.base_T_ee_matrix,
            base_T_goal_matrix=self.base_T_goal_matrix,
            estimate=estimate,
            image=image,
            arm_in_view=self.arm_in_view,
            at_joint_limit=self.at_joint_limit,
            frame_draws=self.frame_draws,
        )
