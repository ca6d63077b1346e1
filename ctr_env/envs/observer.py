"""What is measured at one instant of the loop, and the true poses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators import GroundTruth, PoseEstimator
from ctr_env.geometry import pose_from_matrix
from ctr_env.scenes.randomization.apply import sizes_of
from ctr_env.scenes.randomization.randomization import Draws, Randomization
from ctr_env.scenes.world.scene import Scene

from .episode import Episode
from .measurement import Measurement

__all__ = ["Observer"]

_STOP_MARGIN = 0.02  # rad from a joint stop that counts as at the stop


class Observer:
    """Measures joints and poses, and decides which frames have an image."""

    def __init__(self, scene: Scene, rules: Randomization, estimator: PoseEstimator, always: bool) -> None:
        """Observe a scene.

        Args:
            scene: The scene.
            rules: Randomisation, of which the fields drawn for each frame are used.
            estimator: Pose estimator.
            always: Whether every frame has an image, also where the estimator does not want it.
        """
        self._scene = scene
        self._rules = rules
        self._estimator = estimator
        self._always = always
        self._static: tuple[Episode, NDArray[np.float64]] | None = None
        self._lower, self._upper = scene.kinematics.lower + _STOP_MARGIN, scene.kinematics.upper - _STOP_MARGIN

    def measure(
        self, episode: Episode, step: int, time_s: float, base_T_goal: NDArray[np.float64] | None = None
    ) -> Measurement:
        """Measure the scene as it is; the estimator is given the truth where it needs it.

        Args:
            episode: The episode.
            step: Number of the frame within it.
            time_s: Time since its beginning, seconds.
            base_T_goal: ``(4, 4)`` goal, where it is not that of the episode.
        """
        scene, estimator = self._scene, self._estimator
        joint_positions = scene.joint_positions
        camera_T_base, base_T_ee = scene.camera_T_base_matrix, scene.base_T_ee_matrix
        wants_image = self._always or estimator.wants_image(time_s)
        if estimator.needs_truth:
            camera_T_ee = pose_from_matrix(camera_T_base @ base_T_ee)
            estimator.observe_truth(GroundTruth(time_s, scene.camera_T_base, camera_T_ee))
        if base_T_goal is None:
            base_T_goal = episode.base_T_goal_matrix(time_s)
            camera_T_goal = self._camera_T_goal(episode, base_T_goal)
        else:
            camera_T_goal = camera_T_base @ base_T_goal
        return Measurement(
            step=step,
            time_s=time_s,
            joint_positions=joint_positions + episode.draws["sensors.joint_bias"],
            joint_velocities=scene.joint_velocities,
            camera=scene.camera,
            camera_T_goal_matrix=camera_T_goal,
            camera_T_base_matrix=camera_T_base,
            base_T_ee_matrix=base_T_ee,
            base_T_goal_matrix=base_T_goal,
            arm_in_view=scene.arm_in_view(),
            at_joint_limit=self._at_joint_limit(joint_positions),
            frame_draws=self._frame_draws(episode, step),
            wants_image=wants_image,
        )

    def _camera_T_goal(self, episode: Episode, base_T_goal: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(4, 4)`` goal pose in the camera frame, computed once where nothing moves."""
        if self._static is not None and self._static[0] is episode:
            return self._static[1]
        camera_T_goal = self._scene.camera_T_base_matrix @ base_T_goal
        self._static = None if episode.moves else (episode, camera_T_goal)
        return camera_T_goal

    def _frame_draws(self, episode: Episode, step: int) -> Draws:
        if not self._rules.per_frame:
            return {}
        return self._rules.draw(episode.seed, sizes_of(self._scene), when="frame", index=step)

    def _at_joint_limit(self, joint_positions: NDArray[np.float64]) -> bool:
        return bool(((joint_positions < self._lower) | (joint_positions > self._upper)).any())
