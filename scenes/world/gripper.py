"""The fingers of a robot's gripper."""

from __future__ import annotations

import mujoco

from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["Gripper"]


class Gripper:
    """Fingers that open by the same share, each with a position servo; a robot may have none."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, robot: RobotDescription) -> None:
        """The gripper of a robot in a scene."""
        self._model, self._data, self._joints = model, data, robot.gripper_joints
        self._servos = [model.actuator(name).id for name in self._joints]
        self._bodies = [model.joint(name).bodyid[0] for name in self._joints]

    @property
    def opening(self) -> float:
        """Distance between the fingers, metres."""
        return float(sum(self._data.joint(name).qpos[0] for name in self._joints))

    def place(self, opening: float) -> None:
        """Set the distance between the fingers, metres, and hold it."""
        share = opening / max(len(self._joints), 1)
        for name in self._joints:
            self._data.joint(name).qpos[0] = share
        self.command(opening)
        mujoco.mj_forward(self._model, self._data)

    def command(self, opening: float) -> None:
        """Set the distance between the fingers that their servos seek, metres."""
        self._data.ctrl[self._servos] = opening / max(len(self._joints), 1)

    def touches(self, geom: int | None) -> bool:
        """Whether every finger touches a geom."""
        geoms = self._data.contact.geom
        touching = geoms[(geoms == geom).any(axis=1)]
        found = set(self._model.geom_bodyid[touching].ravel().tolist())
        return all(body in found for body in self._bodies)
