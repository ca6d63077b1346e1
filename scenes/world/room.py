"""The surroundings of a robot: room, table, lights, clutter, target and camera, compiled into one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.robot_spec import COLLISION_GROUP, robot_spec, touching_at_home
from ctr_env.scenes.robots.urdf import ROOT_LINK

from .fiducials import add_board, board_transform, robot_board
from .furniture import ROOMS, Room, furnish
from .textures import TEXTURES, texture

if TYPE_CHECKING:
    from .config import SceneConfig

__all__ = [
    "CAMERA",
    "CLUTTER",
    "LIGHTS",
    "LIGHT_DISTANCE",
    "OCCLUDER",
    "ROOM_HALF_SIDE",
    "ROOM_TEXT",
    "SURFACES",
    "TARGET",
    "build_room",
    "cube_material",
    "flat_material",
]

CAMERA = "camera"
TARGET = "target"
CLUTTER = "clutter_{}"
OCCLUDER = "occluder_{}"
SURFACES = ("floor", "wall_front", "wall_back", "wall_left", "wall_right", "table")
"""Geoms whose colour and texture can be drawn."""
LIGHTS = ("key_light", "fill_light")
LIGHT_DISTANCE = 7.0
"""Distance of the lights from the middle of the scene, metres."""

ROOM_HALF_SIDE = 3.5
"""Distance of the walls from the robot, metres."""
ROOM_TEXT = "room"
"""Name of the model's text element that holds the name of its room."""

_TIMESTEP = 0.002
_GEOM = mujoco.mjtGeom
_CLUTTER_SHAPES = (
    _GEOM.mjGEOM_BOX,
    _GEOM.mjGEOM_CYLINDER,
    _GEOM.mjGEOM_BOX,
    _GEOM.mjGEOM_CAPSULE,
    _GEOM.mjGEOM_ELLIPSOID,
)
_ROBOT_MATERIALS = {"paint": (0.35, 0.0), "rubber": (0.75, 0.0), "brushed_steel": (0.35, 1.0)}
"""Roughness and share of metal."""
_TABLE_LEG = 0.03
_AWAY = (0.0, 0.0, -20.0)


def flat_material(name: str) -> str:
    """Name of the material that lays a texture on a plane."""
    return f"flat_{name}"


def cube_material(name: str) -> str:
    """Name of the material that wraps a texture around a solid."""
    return f"cube_{name}"


def build_room(config: SceneConfig, robot: RobotDescription) -> mujoco.MjModel:
    """Compile robot and room.

    The world's origin is on the floor below the robot's base. Objects that are drawn per episode are mocap bodies, out
    of sight until they are placed; nothing but the robot, its table and the floor collides.
    """
    spec, room = robot_spec(robot), ROOMS[config.room]
    _set_options(spec, config)
    spec.body(ROOT_LINK).pos = np.array([0.0, 0.0, robot.base_height])
    _add_materials(spec)
    _add_surfaces(spec, robot, room)
    _add_lights(spec)
    furnish(spec, room)
    for i in range(config.clutter):
        _add_loose_object(spec, CLUTTER.format(i), _CLUTTER_SHAPES[i % len(_CLUTTER_SHAPES)])
    for i in range(config.occluders):
        _add_loose_object(spec, OCCLUDER.format(i), _CLUTTER_SHAPES[i % len(_CLUTTER_SHAPES)])
    _add_target(spec)
    spec.worldbody.add_camera(
        name=CAMERA,
        pos=np.array([2.0, 0.0, 1.0]),
        resolution=np.array([config.width, config.height]),
        sensor_size=np.array([3.2e-3, 2.4e-3]),
        focal_length=np.array([3e-3, 3e-3]),
    )
    if config.board:
        add_board(spec, spec.body(robot.end_effector), robot_board(robot), board_transform(robot))
    model = spec.compile()
    near = sorted({link for pair in touching_at_home(model, robot) if "table" in pair for link in pair} - {"table"})
    for link in near:
        _let_turn_above_table(spec, link)
    return spec.compile() if near else model


def _let_turn_above_table(spec: mujoco.MjSpec, link: str) -> None:
    """Count a link's contacts with the table without the clearance that others keep.

    What turns just above the table that the base is bolted to would touch it always; yet it must not pass through.
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
    spec.visual.global_.offwidth, spec.visual.global_.offheight = config.width, config.height
    spec.visual.quality.offsamples = 0  # multisampling differs between drivers
    spec.visual.quality.shadowsize = 1024
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 15.0
    spec.visual.map.shadowscale = 0.3
    spec.visual.headlight.ambient[:] = 0.32
    spec.visual.headlight.diffuse[:] = 0.25
    spec.visual.headlight.specular[:] = 0.0
    spec.stat.extent = 1.0
    spec.stat.center = np.array([0.4, 0.0, 0.8])
    spec.add_text(name=ROOM_TEXT, data=config.room)
    # emission does not follow the light that the filament renderer draws its two images with
    spec.add_numeric(name="filament.phong.emissive_multiplier", data=np.zeros(1), size=1)


def _add_materials(spec: mujoco.MjSpec) -> None:
    for name in TEXTURES:
        image = texture(name)
        side = image.shape[0]
        flat = spec.add_texture(
            name=flat_material(name), type=mujoco.mjtTexture.mjTEXTURE_2D, width=side, height=side, nchannel=3
        )
        flat.data = image.tobytes()
        cube = spec.add_texture(
            name=cube_material(name),
            type=mujoco.mjtTexture.mjTEXTURE_CUBE,
            width=side,
            height=6 * side,
            nchannel=3,
        )
        cube.data = image.tobytes() * 6
        for material_name, repeat in ((flat_material(name), 1.0), (cube_material(name), 1.0)):
            material = spec.add_material(name=material_name, specular=0.15, shininess=0.2)
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = material_name
            material.texuniform = material_name.startswith("flat")
            if material.texuniform:  # Filament's physical materials take no cube textures
                material.roughness, material.metallic = 0.6, 0.0
            material.texrepeat = np.array([repeat, repeat])
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=np.array([0.85, 0.88, 0.92]),
        rgb2=np.array([0.55, 0.6, 0.66]),
        width=64,
        height=384,
    )
    _add_robot_materials(spec)


def _add_robot_materials(spec: mujoco.MjSpec) -> None:
    """Painted, rubber and steel parts; the classic renderer, which knows no such things, draws all of them alike."""
    for name, (roughness, metallic) in _ROBOT_MATERIALS.items():
        spec.add_material(name=name, specular=0.35, shininess=0.45, roughness=roughness, metallic=metallic)
    for geom in spec.geoms:
        colour = np.array(geom.rgba[:3])
        painted = colour.mean() > 0.65 or np.ptp(colour) > 0.2
        geom.material = "paint" if painted else "rubber" if colour.mean() < 0.35 else "brushed_steel"


def _add_surfaces(spec: mujoco.MjSpec, robot: RobotDescription, room: Room) -> None:
    world, plane = spec.worldbody, _GEOM.mjGEOM_PLANE
    size = np.array([ROOM_HALF_SIDE, ROOM_HALF_SIDE, ROOM_HALF_SIDE])  # the last is the mesh size it is drawn with
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
        # a plane's x axis goes along the wall, its y axis up
        x = np.cross((0.0, 0.0, 1.0), normal)
        y = np.cross(normal, x)
        quat = Rotation.from_matrix(np.stack([x, y, normal], axis=1)).as_quat(scalar_first=True)
        world.add_geom(
            name=name, type=plane, pos=position, quat=quat, size=np.array([ROOM_HALF_SIDE, 2.0, ROOM_HALF_SIDE]),
            rgba=(*room.walls[0], 1.0), material=flat_material(room.walls[1]), contype=0, conaffinity=0,
        )  # fmt: skip
    _add_table(spec, robot, room)


def _add_table(spec: mujoco.MjSpec, robot: RobotDescription, room: Room) -> None:
    """The table below the robot; robots that stand on their own feet get a small stool in a corner instead."""
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


def _add_lights(spec: mujoco.MjSpec) -> None:
    """Two far spotlights: MuJoCo's directional lights speckle large floors with shadows of their own."""
    for name, toward, diffuse, shadow in (
        ("key_light", np.array([0.4, -0.5, 1.0]), 0.55, True),
        ("fill_light", np.array([0.1, 0.8, 0.8]), 0.25, False),
    ):
        toward /= np.linalg.norm(toward)
        spec.worldbody.add_light(
            name=name, type=mujoco.mjtLightType.mjLIGHT_SPOT, pos=spec.stat.center + LIGHT_DISTANCE * toward,
            dir=-toward, cutoff=80.0, exponent=0.0, diffuse=np.full(3, diffuse), specular=np.full(3, 0.2),
            ambient=np.zeros(3), castshadow=shadow,
        )  # fmt: skip


def _add_loose_object(spec: mujoco.MjSpec, name: str, shape: mujoco.mjtGeom) -> None:
    body = spec.worldbody.add_body(name=name, mocap=True, pos=np.array(_AWAY))
    body.add_geom(
        name=name, type=shape, size=np.array([0.05, 0.05, 0.05]), rgba=(0.6, 0.6, 0.6, 1.0),
        material=cube_material("plain"), contype=0, conaffinity=0,
    )  # fmt: skip


def _add_target(spec: mujoco.MjSpec) -> None:
    """Three coloured axes (x red, y green, z blue) that the gripper's own axes are to cover."""
    body = spec.worldbody.add_body(name=TARGET, mocap=True, pos=np.array(_AWAY))
    spec.add_material(name=TARGET, emission=0.6, specular=0.0)
    for axis, direction in enumerate(np.eye(3)):
        colour = (*(0.15 + 0.8 * direction), 1.0)
        body.add_geom(
            name=f"{TARGET}_{'xyz'[axis]}", type=_GEOM.mjGEOM_CAPSULE, size=np.array([0.004, 0.0, 0.0]),
            fromto=np.concatenate([np.zeros(3), 0.07 * direction]), rgba=colour, material=TARGET,
            contype=0, conaffinity=0,
        )  # fmt: skip
    body.add_geom(
        name=f"{TARGET}_origin", type=_GEOM.mjGEOM_SPHERE, size=np.array([0.008, 0.0, 0.0]),
        rgba=(0.95, 0.85, 0.2, 1.0), material=TARGET, contype=0, conaffinity=0,
    )  # fmt: skip
