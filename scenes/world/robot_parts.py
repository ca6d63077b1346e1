"""Which bodies and geoms of a scene's model are the robot's."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.robot_spec import VISUAL_GROUP

__all__ = ["arm_meshes", "robot_geoms", "robot_links"]


def robot_links(model: mujoco.MjModel, robot: RobotDescription) -> list[str]:
    """Names of the robot's bodies."""
    return [model.body(i).name for i in np.flatnonzero(_bodies(model, robot))]


def robot_geoms(model: mujoco.MjModel, robot: RobotDescription) -> NDArray[np.bool_]:
    """``(ngeom,)`` the robot's visual geoms."""
    return np.asarray((model.geom_group == VISUAL_GROUP) & _bodies(model, robot)[model.geom_bodyid])


def arm_meshes(model: mujoco.MjModel, robot: RobotDescription) -> list[int]:
    """The visual mesh geoms beyond the arm's first joint."""
    first = model.joint(robot.arm_joints[0]).bodyid[0]
    moving = {first}
    for body in range(first + 1, model.nbody):
        if model.body_parentid[body] in moving:
            moving.add(body)
    return [
        g
        for g in np.flatnonzero(robot_geoms(model, robot)).tolist()
        if model.geom_bodyid[g] in moving and model.geom_dataid[g] >= 0
    ]


def _bodies(model: mujoco.MjModel, robot: RobotDescription) -> NDArray[np.bool_]:
    """``(nbody,)`` the robot's bodies."""
    return np.asarray(model.body_rootid == model.body(robot.base_link).rootid[0])
