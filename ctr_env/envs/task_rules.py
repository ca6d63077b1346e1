"""Rules for tasks of a certain kind: goals rotated about the optical axis, at joint stops, at singularities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import transform
from ctr_env.scenes.randomization.fields import FIELDS
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.views import pose_from_draws

__all__ = ["GOAL_RULES", "TaskRules", "smallest_singular_value", "stop_distance"]

GOAL_RULES = ("task.optical_rotation", "task.max_stop_distance", "task.max_singular_value")
"""Fields that replace the drawn goal where they are not nominal."""

_MARGIN = 0.05  # rad from the joint stops, of goals that are to be near them
_SCALES = np.linspace(0.5, 4.0, 15)  # of goal offsets, of which the first one near a singularity is chosen
_ROTATION_LENGTH = 0.3  # metres that a radian counts, as in the controllers' damping


class TaskRules:
    """Start and goal of an episode where its draws ask for more than offsets of the joints.

    With the nominal values of all fields, none of the rules is in force.
    """

    def __init__(self, scene: Scene, draws: Draws) -> None:
        """Read the rules of one attempt's draws; the camera's fields among them are those of its first view."""
        self._kinematics = scene.kinematics
        self._angle = float(draws["task.optical_rotation"])
        self._offset = draws["task.optical_offset"]
        self._stop = float(draws["task.max_stop_distance"])
        self._singular = float(draws["task.max_singular_value"])
        self._axis = self._optical_axis(scene, draws) if self._angle else np.zeros(3)

    @property
    def rotates(self) -> bool:
        """Whether the goal is the start rotated about the optical axis, so that the view is part of the task."""
        return self._angle != 0.0

    def start(self, joint_positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` start; the last joint is turned back by half of a rotation about the optical axis."""
        if not self.rotates:
            return joint_positions
        last_axis = self._kinematics.jacobian(joint_positions)[3:, -1]
        turned = joint_positions.copy()
        turned[-1] -= 0.5 * self._angle * np.sign(last_axis @ self._axis)
        return turned

    def goal(self, start: NDArray[np.float64], offset: NDArray[np.float64]) -> RigidTransform | None:
        """``base_T_goal`` by the rules; ``None`` if none is in force.

        Args:
            start: ``(n,)`` start, rad.
            offset: ``(n,)`` the draw ``task.goal``, rad.
        """
        k = self._kinematics
        if self.rotates:
            pose = k.base_T_ee(start)
            rotation = Rotation.from_rotvec(self._angle * self._axis) * pose.rotation
            return transform(pose.translation + self._offset, rotation)
        lower, upper = k.lower + _MARGIN, k.upper - _MARGIN
        if self._stop < _never("task.max_stop_distance"):
            goal = np.clip(start + offset, lower, upper)
            stop = np.where(offset > 0, upper, lower)
            first = int(np.argmin(np.abs(stop - start) / np.maximum(np.abs(offset), 1e-9)))
            goal[first] = stop[first]
            return k.base_T_ee(goal)
        if self._singular < _never("task.max_singular_value"):
            goals = [np.clip(start + scale * offset, lower, upper) for scale in _SCALES]
            near = (q for q in goals if smallest_singular_value(k, q) <= 0.8 * self._singular)
            return k.base_T_ee(next(near, goals[-1]))
        return None

    @property
    def selective(self) -> bool:
        """Whether many tasks are rejected by :meth:`accepts`."""
        return self._stop < _never("task.max_stop_distance") or self._singular < _never("task.max_singular_value")

    def accepts(self, arrival: NDArray[np.float64]) -> bool:
        """Whether ``(n,)`` joint positions on arrival are as near to a stop or a singularity as asked for."""
        if not self.selective:
            return True
        near_stop = stop_distance(self._kinematics, arrival) <= self._stop
        return near_stop and smallest_singular_value(self._kinematics, arrival) <= self._singular

    @staticmethod
    def _optical_axis(scene: Scene, draws: Draws) -> NDArray[np.float64]:
        """``(3,)`` direction of view in base axes; it does not depend on the centre that the camera looks at."""
        pose = pose_from_draws(draws, np.zeros(3), scene.robot.camera_azimuth)
        axis = scene.world_T_base.rotation.inv().apply(pose.rotation.apply([0.0, 0.0, 1.0]))
        return np.asarray(axis)


def stop_distance(kinematics: RobotKinematics, joint_positions: NDArray[np.float64]) -> float:
    """Distance of the joint that is nearest to one of its stops, rad."""
    below, above = joint_positions - kinematics.lower, kinematics.upper - joint_positions
    return float(np.minimum(below, above).min())


def smallest_singular_value(kinematics: RobotKinematics, joint_positions: NDArray[np.float64]) -> float:
    """Smallest singular value of the Jacobian at ``(n,)`` joint positions, a radian counting as 0.3 m, m/rad."""
    jacobian = kinematics.jacobian(joint_positions).copy()
    jacobian[3:] *= _ROTATION_LENGTH
    return float(np.linalg.svd(jacobian, compute_uv=False)[-1])


def _never(name: str) -> float:
    nominal = FIELDS[name].nominal
    assert isinstance(nominal, float)
    return nominal
