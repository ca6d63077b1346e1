"""A world with a block on the robot's table."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimator
from ctr_env.geometry import transform
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.block import BLOCK_HALF_M

from .config import ServoConfig
from .episode import Episode
from .measurement import Measurement
from .world import CONTROL_HZ, World

__all__ = ["APPROACH_M", "DOWN", "BlockWorld", "lowered", "over_table"]

APPROACH_M = 0.12
"""Height above a place on the table at which it can be reached from the start without contact, metres."""
DOWN = Rotation.from_euler("x", np.pi)
"""Orientation of a gripper that points down, in the base frame."""

_LARGEST_YAW = np.pi / 4  # a block looks the same after a quarter of a turn


class BlockWorld(World):
    """A scene with a block on the table and a gripper for it; the goal follows from the task."""

    task: ClassVar[str]
    """The task, as messages name it."""

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, estimator: PoseEstimator) -> None:
        """Make the world of an environment for its arm and its estimator.

        Raises:
            ConfigurationError: If the robot has no gripper that opens, or no table.
        """
        robot = kinematics.robot
        if not robot.gripper_joints or robot.table is None:
            raise ConfigurationError(
                f"a {self.task} needs a robot with gripper_joints and a table, which {robot.name!r} does not have"
            )
        super().__init__(config, kinematics, estimator)

    def begin(self, seed: int, replay: Draws) -> Episode:
        """Sample an episode and set the scene to its beginning, block and gripper included."""
        episode = super().begin(seed, replay)
        self._lay(episode)
        self.scene.place_target(self._goal())
        return episode

    def measure(self, episode: Episode, step: int) -> Measurement:
        """Measurements and true poses of a frame."""
        return self._observer.measure(episode, step, step / CONTROL_HZ, self._goal().as_matrix())

    @abstractmethod
    def _lay(self, episode: Episode) -> None:
        """Place block and gripper for an episode."""

    @abstractmethod
    def _goal(self) -> RigidTransform:
        """``base_T_goal`` now."""


def over_table(base_T_drawn: RigidTransform, centre: NDArray[np.float64], half: NDArray[np.float64]) -> RigidTransform:
    """The gripper above a block that lies where a drawn goal is over the table, moved into an area.

    Args:
        base_T_drawn: The drawn goal.
        centre: ``(2,)`` centre of the area, base frame, metres.
        half: ``(2,)`` half of its sides, metres.
    """
    offset = (base_T_drawn.translation[:2] - centre) / half
    x, y = centre + half * np.tanh(offset)
    forward = base_T_drawn.rotation.apply([1.0, 0.0, 0.0])
    yaw = _LARGEST_YAW * np.tanh(np.arctan2(forward[1], forward[0]) / _LARGEST_YAW)
    return transform([x, y, BLOCK_HALF_M + APPROACH_M], Rotation.from_euler("z", yaw) * DOWN)


def lowered(above: RigidTransform) -> RigidTransform:
    """The place on the table below a pose of :func:`over_table`: a block that lies there."""
    return transform(above.translation - [0.0, 0.0, APPROACH_M], above.rotation)
