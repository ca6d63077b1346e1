"""The world of a push: a block on the table, and the place on the table to which it is to be pushed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.errors import ConfigurationError
from ctr_env.estimators import PoseEstimator
from ctr_env.geometry import transform
from ctr_env.scenes.randomization.randomization import Draws, make_randomization
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .block_world import DOWN, BlockWorld, lowered, over_table
from .config import ServoConfig
from .episode import Episode, Placement
from .observation import Snapshot
from .task_rules import GOAL_RULES

__all__ = ["PushWorld"]

_CENTRE, _HALF = np.array([0.5, 0.0]), np.array([0.05, 0.15])  # of the area of the pushes' middles, base frame, metres
_BEHIND_M = 0.08  # from the block's centre: where the gripper comes down


class PushWorld(BlockWorld):
    """A scene with a block; the goal is the place to which it is to be pushed.

    The goal's orientation is that of a gripper that points down and has its x axis along the line from block to goal.
    """

    task = "push"
    block_friction = 0.4  # painted wood on wood: a push as high as the block does not tip it
    pushing = True

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, estimator: PoseEstimator) -> None:
        """Make the world of an environment for its arm and its estimator.

        Raises:
            ConfigurationError: If the robot has no gripper that closes, or no table, or the randomisation asks for
                goals of another kind.
        """
        changed = make_randomization(config.randomization).changed("task")
        taken = [name for name in GOAL_RULES if name in changed]
        if taken:
            raise ConfigurationError(
                f"the goal of a push is on the table; leave {', '.join(taken)} at the nominal value"
            )
        super().__init__(config, kinematics, estimator)
        self._sampler.place_goal = _along_table
        self._sampler.scaled = "task.push_distance"

    def block_as_goal(self, now: Snapshot) -> Snapshot:
        """An instant with the block's pose in place of the goal's."""
        base_T_block = self.scene.base_T_block
        return replace(
            now, base_T_goal_matrix=base_T_block, camera_T_goal_matrix=now.camera_T_base_matrix @ base_T_block
        )

    def _lay(self, episode: Episode) -> None:
        """The gripper is closed, the block lies on the table."""
        block, self._place = episode.seen
        self.scene.place_block(block)
        self.scene.gripper.place(0.0)

    def _goal(self) -> RigidTransform:
        return self._place


def _along_table(base_T_drawn: RigidTransform, draws: Draws) -> Placement:
    """The gripper must come above the goal and above the place behind the block; block and goal must be in view."""
    middle = over_table(base_T_drawn, _CENTRE, _HALF)
    distance, direction = float(draws["task.push_distance"]), float(draws["task.push_direction"])
    along = np.array([np.cos(direction), np.sin(direction), 0.0])
    yaw = (direction + np.pi / 2) % np.pi - np.pi / 2  # either end of the x axis may point to the goal
    pushing = Rotation.from_euler("z", yaw) * DOWN
    goal = transform(middle.translation + 0.5 * distance * along, pushing)
    block = transform(middle.translation - 0.5 * distance * along, middle.rotation)
    behind = transform(block.translation - _BEHIND_M * along, pushing)
    return Placement(goal, reached=(behind,), seen=(lowered(block), lowered(goal)))
