"""The model of a robot's surroundings: room, table, lights, clutter, goal and camera, compiled with the robot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco
import numpy as np

from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.robot_spec import COLLISION_GROUP, robot_spec, touching_at_home
from ctr_env.scenes.robots.urdf import ROOT_LINK

from .block import add_block
from .fiducials import add_board, board_transform, robot_board
from .furniture import Furniture
from .lighting import add_lights
from .materials import add_materials
from .objects import CLUTTER, OCCLUDER, add_loose_objects, add_target
from .rooms import ROOMS
from .surfaces import add_surfaces

if TYPE_CHECKING:
    from .config import SceneConfig

__all__ = ["CAMERA", "ROOM_TEXT", "build_room"]

CAMERA = "camera"
"""Name of the camera."""
ROOM_TEXT = "room"
"""Name of the model's text element that holds the name of its room."""

_TIMESTEP = 0.002  # seconds
_BLOCK_AWAY = (-2.5, -2.5, 0.02)  # metres: on the floor, in a corner of the room


def build_room(config: SceneConfig, robot: RobotDescription) -> mujoco.MjModel:
    """Compile robot and room.

    The origin of the world frame is on the floor below the robot's base. Objects that are placed per episode are mocap
    bodies, out of view until then. Only the robot, its table, the floor and a block collide.
    """
    spec, room = robot_spec(robot), ROOMS[config.room]
    _set_options(spec, config)
    spec.body(ROOT_LINK).pos = np.array([0.0, 0.0, robot.base_height])
    add_materials(spec)
    add_surfaces(spec, robot, room)
    add_lights(spec)
    room.add_contents(Furniture(spec))
    add_loose_objects(spec, CLUTTER, config.clutter)
    add_loose_objects(spec, OCCLUDER, config.occluders)
    add_target(spec)
    spec.worldbody.add_camera(
        name=CAMERA,
        pos=np.array([2.0, 0.0, 1.0]),
        resolution=np.array([config.width, config.height]),
        sensor_size=np.array([3.2e-3, 2.4e-3]),
        focal_length=np.array([3e-3, 3e-3]),
    )
    if config.block:
        add_block(spec, _BLOCK_AWAY, config.block_friction)
    if config.board:
        add_board(spec, spec.body(robot.end_effector), robot_board(robot), board_transform(robot))
    model = spec.compile()
    near = sorted({link for pair in touching_at_home(model, robot) if "table" in pair for link in pair} - {"table"})
    for link in near:
        _reduce_table_clearance(spec, link)
    return spec.compile() if near else model


def _reduce_table_clearance(spec: mujoco.MjSpec, link: str) -> None:
    """Detect a link's contacts with the table without the clearance of the other contacts.

    A link that rotates just above the table, to which the base is bolted, would be in contact at home already; it must
    not pass through the table all the same.
    """
    spec.add_exclude(bodyname1=link, bodyname2="table")
    for i, geom in enumerate(spec.body(link).geoms):
        if geom.group == COLLISION_GROUP:
            geom.name = geom.name or f"{link}_collision_{i}"
            spec.add_pair(geomname1=geom.name, geomname2="table", margin=0.0, gap=0.0)


def _set_options(spec: mujoco.MjSpec, config: SceneConfig) -> None:
    spec.option.timestep = _TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE  # the sparse solver of MuJoCo 4.0.0 gives wrong answers
    if config.block:  # a grasp creeps without: 0.6 mm/s, with 0.2 micrometres a second
        spec.option.cone, spec.option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10.0
        spec.option.noslip_iterations = 5
    spec.visual.global_.offwidth, spec.visual.global_.offheight = config.width, config.height
    spec.visual.quality.offsamples = 0  # multisampling differs between drivers, so images would
    spec.visual.quality.shadowsize = 1024
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 15.0
    spec.visual.map.shadowscale = 0.3
    spec.visual.headlight.ambient[:] = 0.32
    spec.visual.headlight.diffuse[:] = 0.25
    spec.visual.headlight.specular[:] = 0.0
    spec.stat.extent = 1.0
    spec.stat.center = np.array([0.4, 0.0, 0.8])
    spec.add_text(name=ROOM_TEXT, data=config.room)
    # the filament renderer combines two exposures, which emitted light would not follow
    spec.add_numeric(name="filament.phong.emissive_multiplier", data=np.zeros(1), size=1)
