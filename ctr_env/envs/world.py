"""The simulated side of the loop: scene, camera, and what moves."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators import PoseEstimator
from ctr_env.scenes.randomization.randomization import Draws, make_randomization
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

from .config import ServoConfig
from .episode import Episode, EpisodeSampler
from .imaging import SceneCamera
from .measurement import Measurement
from .observer import Observer
from .staging import stage

__all__ = ["CONTROL_HZ", "PHYSICS_HZ", "World"]

CONTROL_HZ = 30
"""Camera frames, and steps of the environment, per second."""
PHYSICS_HZ = 500
"""Steps of the physics per second."""


class World:
    """Samples episodes, advances the physics and measures the result.

    Attributes:
        scene: The simulated scene.
        camera: Source of its images.
        size: Width and height of the images, pixels.
        block_friction: Sliding friction of a block on the table; ``None``: there is no block.
        pushing: Whether that block is to be pushed.
    """

    block_friction: ClassVar[float | None] = None
    pushing: ClassVar[bool] = False

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, estimator: PoseEstimator) -> None:
        """Make the world of an environment for its arm and its estimator."""
        default = estimator.image_size
        self.size = width, height = config.width or default[0], config.height or default[1]
        rules = make_randomization(config.randomization, kinematics.robot.camera_distance).for_episodes(self.pushing)
        block: dict[str, Any] = {}
        if self.block_friction is not None:
            block = {"block": True, "block_friction": self.block_friction}
        board = estimator.needs_board
        self.scene = Scene(SceneConfig(config.robot, width, height, board=board, room=rules.room, **block))
        self.camera = SceneCamera(self.scene, config.renderer, width, height)
        always = "image" in config.observation_parts
        self._observer = Observer(self.scene, rules, estimator, always)
        self._moves = config.task == "track"
        self._sampler = EpisodeSampler(
            self.scene,
            rules,
            goal_moves=self._moves and config.moving in ("goal", "both"),
            camera_moves=self._moves and config.moving in ("camera", "both"),
        )

    @property
    def goal_scale(self) -> float:
        """Factor on the drawn joint offsets from start to goal."""
        return self._sampler.goal_scale

    @goal_scale.setter
    def goal_scale(self, value: float) -> None:
        self._sampler.goal_scale = value

    def begin(self, seed: int, replay: Draws) -> Episode:
        """Sample an episode and set the scene to its beginning.

        Args:
            seed: Seed of the episode.
            replay: Values that replace drawn ones, by field name.

        Raises:
            SamplingError: If no acceptable episode is found.
        """
        self.scene.restore()
        episode = self._sampler.sample(seed, *self.size, replay)
        stage(self.scene, episode)
        return episode

    def advance(self, episode: Episode, joint_velocities: NDArray[np.float64], step: int) -> None:
        """Let one camera period pass.

        Args:
            episode: The episode.
            joint_velocities: ``(n,)`` commanded velocities, rad/s.
            step: Number of the frame at the beginning of the period.
        """
        before, after = (round((step + i) * PHYSICS_HZ / CONTROL_HZ) for i in (0, 1))
        self.scene.step(joint_velocities, after - before)
        if self._moves:
            time_s = (step + 1) / CONTROL_HZ
            self.scene.place_camera(episode.camera, episode.world_T_camera(time_s))
            self.scene.place_target(episode.base_T_goal(time_s))

    def measure(self, episode: Episode, step: int) -> Measurement:
        """Measurements and true poses of a frame."""
        return self._observer.measure(episode, step, step / CONTROL_HZ)
