"""The world of a grasp: a block on the table, and the pose at which the gripper can close on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators import PoseEstimator
from ctr_env.geometry import transform
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .block_world import BlockWorld, lowered, over_table
from .config import ServoConfig
from .episode import Episode, Placement
from .world import CONTROL_HZ

__all__ = ["GraspWorld"]

_CENTRE, _HALF = np.array([0.475, 0.0]), np.array([0.125, 0.25])  # of the area where blocks lie, base frame, metres
_SYMMETRIES = Rotation.create_group("O")  # of a cube
_FINGER_SPEED = 0.05  # m/s


class GraspWorld(BlockWorld):
    """A scene with a block; the goal is the pose of the gripper from which it can close on the block."""

    task = "grasp"
    block_friction = 1.0
    _opening = 0.0

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, estimator: PoseEstimator) -> None:
        """Make the world of an environment for its arm and its estimator.

        Raises:
            ConfigurationError: If the robot has no gripper that opens, or no table.
        """
        super().__init__(config, kinematics, estimator)
        self._sampler.place_goal = _above_block
        limits = [self.scene.model.joint(name).range for name in kinematics.robot.gripper_joints]
        self.widest = float(sum(upper for _, upper in limits))
        self._fingers = len(limits)

    def move_gripper(self, share: float) -> None:
        """Open (1) or close (-1) the gripper for one camera period, at a share of the fingers' speed."""
        change = share * self._fingers * _FINGER_SPEED / CONTROL_HZ
        self._opening = float(np.clip(self._opening + change, 0.0, self.widest))
        self.scene.gripper.command(self._opening)

    def advance(self, episode: Episode, joint_velocities: NDArray[np.float64], step: int) -> None:
        """Let one camera period pass."""
        super().advance(episode, joint_velocities, step)
        self.scene.place_target(self._goal())

    @property
    def lift(self) -> float:
        """Height of the block above where it lay, metres."""
        return float(self.scene.base_T_block[2, 3]) - self._height

    def _lay(self, episode: Episode) -> None:
        """The gripper is open, the block lies on the table."""
        place = lowered(episode.goal_pose)
        self.scene.place_block(place)
        self.scene.gripper.place(self.widest)
        self._grasp, self._height, self._opening = place.rotation, float(place.translation[2]), self.widest

    def _goal(self) -> RigidTransform:
        """``base_T_goal``: the block's pose, turned by the symmetry of a cube that is nearest to a grasp from above."""
        T = self.scene.base_T_block
        turned = Rotation.from_matrix(T[:3, :3]) * _SYMMETRIES
        return transform(T[:3, 3], turned[int(np.argmin((self._grasp.inv() * turned).magnitude()))])


def _above_block(base_T_drawn: RigidTransform, draws: Draws) -> Placement:
    return Placement(over_table(base_T_drawn, _CENTRE, _HALF))
