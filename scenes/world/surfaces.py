"""Floor, walls and table."""

from __future__ import annotations

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from ctr_env.scenes.robots.description import RobotDescription

from .materials import cube_material, flat_material
from .rooms import Room

__all__ = ["ROOM_HALF_SIDE", "SURFACES", "add_surfaces"]

SURFACES = ("floor", "wall_front", "wall_back", "wall_left", "wall_right", "table")
"""Geoms whose colour and texture can be randomised."""

ROOM_HALF_SIDE = 3.5
"""Distance of the walls from the robot, metres."""

_GEOM = mujoco.mjtGeom
_TABLE_LEG = 0.03  # half width, metres


def add_surfaces(spec: mujoco.MjSpec, robot: RobotDescription, room: Room) -> None:
    """Add floor, walls and the robot's table in the colours of a room."""
    world, plane = spec.worldbody, _GEOM.mjGEOM_PLANE
    size = np.array([ROOM_HALF_SIDE, ROOM_HALF_SIDE, ROOM_HALF_SIDE])  # half sides, and the grid size for rendering
    world.add_geom(
        name="floor",
        type=plane,
        size=size,
        rgba=(*room.floor[0], 1.0),
        material=flat_material(room.floor[1]),
    )
    walls = {
        "wall_front": ((ROOM_HALF_SIDE, 0, 1.5), (-1, 0, 0)),
        "wall_back": ((-ROOM_HALF_SIDE, 0, 1.5), (1, 0, 0)),
        "wall_left": ((0, ROOM_HALF_SIDE, 1.5), (0, -1, 0)),
        "wall_right": ((0, -ROOM_HALF_SIDE, 1.5), (0, 1, 0)),
    }
    for name, (position, normal) in walls.items():
        # a plane's x axis is horizontal, its y axis points up
        x = np.cross((0.0, 0.0, 1.0), normal)
        y = np.cross(normal, x)
        quat = Rotation.from_matrix(np.stack([x, y, normal], axis=1)).as_quat(scalar_first=True)
        world.add_geom(
            name=name, type=plane, pos=position, quat=quat, size=np.array([ROOM_HALF_SIDE, 2.0, ROOM_HALF_SIDE]),
            rgba=(*room.walls[0], 1.0), material=flat_material(room.walls[1]), contype=0, conaffinity=0,
        )  # fmt: skip
    _add_table(spec, robot, room)


def _add_table(spec: mujoco.MjSpec, robot: RobotDescription, room: Room) -> None:
    """Add the table below the robot; for others, a small stool in a corner."""
    x, y, half_x, half_y = robot.table or (-2.6, 2.6, 0.25, 0.25)
    top = robot.base_height if robot.table else 0.5
    body = spec.worldbody.add_body(name="table", pos=np.array([x, y, top - 0.02]))
    body.add_geom(
        name="table",
        type=_GEOM.mjGEOM_BOX,
        size=np.array([half_x, half_y, 0.02]),
        rgba=(*room.table[0], 1.0),
        material=cube_material(room.table[1]),
    )
    for i, (sx, sy) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        height = 0.5 * (top - 0.04)
        place = np.array([sx * (half_x - _TABLE_LEG), sy * (half_y - _TABLE_LEG), -0.02 - height])
        body.add_geom(
            name=f"table_leg_{i}", type=_GEOM.mjGEOM_BOX, pos=place, size=np.array([_TABLE_LEG, _TABLE_LEG, height]),
            rgba=(0.3, 0.3, 0.32, 1.0), contype=0, conaffinity=0,
        )  # fmt: skip
