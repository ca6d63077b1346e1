"""The world of a grasp: a block on the table, and the pose at which the gripper can close on it."""

from __future__ import annotations

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

__all__ = ["APPROACH_M", "GraspWorld"]

APPROACH_M = 0.12
"""Height above the block at which it can be reached from the start without contact, metres."""

_CENTRE, _HALF = np.array([0.475, 0.0]), np.array([0.125, 0.25])  # of the area where blocks lie, base frame, metres
_LARGEST_YAW = np.pi / 4  # a block looks the same after a quarter of a turn
_DOWN = Rotation.from_euler("x", np.pi)
_SYMMETRIES = Rotation.create_group("O")  # of a cube
_FINGER_SPEED = 0.05  # m/s


class GraspWorld(World):
    """A scene with a block; the goal is the pose of the gripper from which it can close on the block."""

    def __init__(self, config: ServoConfig, kinematics: RobotKinematics, estimator: PoseEstimator) -> None:
        """Make the world of an environment for its arm and its estimator.

        Raises:
            ConfigurationError: If the robot has no gripper that opens, or no table.
        """
        robot = kinematics.robot
        if not robot.gripper_joints or robot.table is None:
            raise ConfigurationError(
                f"a grasp needs a robot with gripper_joints and a table, which {robot.name!r} does not have"
            )
        super().__init__(config, kinematics, estimator, block=True)
        self._sampler.place_goal = above_block
        limits = [self.scene.model.joint(name).range for name in robot.gripper_joints]
        self.widest = float(sum(upper for _, upper in limits))
        self._fingers = len(limits)

    def begin(self, seed: int, replay: Draws) -> Episode:
        """Sample an episode and set the scene to its beginning: the gripper is open, the block lies on the table."""
        episode = super().begin(seed, replay)
        above = episode.goal_pose
        place = above.translation - [0.0, 0.0, APPROACH_M]
        self.scene.place_block(transform(place, above.rotation))
        self.scene.gripper.place(self.widest)
        self._grasp, self._height, self._opening = above.rotation, float(place[2]), self.widest
        self.scene.place_target(self._goal())
        return episode

    def move_gripper(self, share: float) -> None:
        """Open (1) or close (-1) the gripper for one camera period, at a share of the fingers' speed."""
        change = share * self._fingers * _FINGER_SPEED / CONTROL_HZ
        self._opening = float(np.clip(self._opening + change, 0.0, self.widest))
        self.scene.gripper.command(self._opening)

    def advance(self, episode: Episode, joint_velocities: NDArray[np.float64], step: int) -> None:
        """Let one camera period pass."""
        super().advance(episode, joint_velocities, step)
        self.scene.place_target(self._goal())

    def measure(self, episode: Episode, step: int) -> Measurement:
        """Measurements and true poses of a frame."""
        return self._observer.measure(episode, step, step / CONTROL_HZ, self._goal().as_matrix())

    @property
    def lift(self) -> float:
        """Height of the block above where it lay, metres."""
        return float(self.scene.base_T_block[2, 3]) - self._height

    def _goal(self) -> RigidTransform:
        """``base_T_goal``: the block's pose, turned by the symmetry of a cube that is nearest to a grasp from above."""
        T = self.scene.base_T_block
        turned = Rotation.from_matrix(T[:3, :3]) * _SYMMETRIES
        return transform(T[:3, 3], turned[int(np.argmin((self._grasp.inv() * turned).magnitude()))])


def above_block(base_T_goal: RigidTransform) -> RigidTransform:
    """The gripper above a block that lies where a drawn goal is over the table, moved into the area of blocks."""
    offset = (base_T_goal.translation[:2] - _CENTRE) / _HALF
    x, y = _CENTRE + _HALF * np.tanh(offset)
    forward = base_T_goal.rotation.apply([1.0, 0.0, 0.0])
    yaw = _LARGEST_YAW * np.tanh(np.arctan2(forward[1], forward[0]) / _LARGEST_YAW)
    return transform([x, y, BLOCK_HALF_M + APPROACH_M], Rotation.from_euler("z", yaw) * _DOWN)
