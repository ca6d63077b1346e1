"""The quantities that can be randomised: name, meaning, shape, and what a drawn value does to a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.world.room import CLUTTER, LIGHT_DISTANCE, LIGHTS, OCCLUDER, SURFACES, cube_material, flat_material
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.textures import TEXTURES

__all__ = ["FIELDS", "Field", "apply_draws", "image_effects", "sizes_of"]

_DEFAULT_SIZES = {"joints": 7, "clutter": 12, "occluders": 3}


@dataclass(frozen=True)
class Field:
    """One quantity that can be drawn.

    Attributes:
        name: ``group.quantity``.
        doc: What the value means, with its unit.
        nominal: Value when nothing is randomised; a number, or one per last dimension.
        shape: Shape of a draw; strings stand for sizes of the scene (``"joints"``, ``"clutter"``, ``"occluders"``).
        per_frame: Whether it may be drawn anew for every image.
    """

    name: str
    doc: str
    nominal: float | tuple[float, ...] = 0.0
    shape: tuple[int | str, ...] = ()
    per_frame: bool = False

    def shape_for(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape with its symbols filled in."""
        table = {**_DEFAULT_SIZES, **sizes}
        return tuple(table[size] if isinstance(size, str) else size for size in self.shape)


def _image(name: str, doc: str, nominal: float = 0.0) -> Field:
    return Field(f"image.{name}", doc, nominal, per_frame=True)


_CLUTTER, _OCCLUDERS = "clutter", "occluders"
_ALL = (
    Field("task.start", "Start joint configuration of the arm, an offset from home, rad.", 0.0, ("joints",)),
    Field("task.goal", "Joint configuration that reaches the goal, an offset from the start, rad.", 0.2, ("joints",)),
    Field("goal_motion.amplitude", "Amplitudes of a moving goal: 3 in m, 3 in rad.", (0.05,) * 3 + (0.1,) * 3, (6,)),
    Field("goal_motion.period", "Periods of the same, s.", (6.0, 7.0, 8.0, 7.5, 8.5, 9.5), (6,)),
    Field("goal_motion.phase", "Phases of the same, rad.", 0.0, (6,)),
    Field("camera.distance", "Distance from the middle of the arm, m.", 1.2),
    Field("camera.azimuth", "Angle about the vertical from the robot's usual viewing side, rad.", 0.3),
    Field("camera.elevation", "Height of the view, rad above the horizon.", 0.4),
    Field("camera.look_at", "Offset of the point looked at from the middle of the arm, m.", 0.0, (3,)),
    Field("camera.roll", "Turn about the optical axis, rad.", 0.0),
    Field("camera.fov", "Horizontal field of view, rad.", 1.0),
    Field("camera.principal_point", "Position of the optical axis as a share of width and height.", 0.5, (2,)),
    Field("camera.min_arm_in_view", "Views that show less than this share of the arm are drawn again.", 0.6),
    Field("camera_motion.orbit", "Half angle of a moving camera's orbit about the arm, rad.", 0.2),
    Field("camera_motion.orbit_period", "Period of the orbit, s.", 12.0),
    Field("camera_motion.sway", "Amplitudes of a hand-held camera: m, m, m, rad, rad, rad.", (0.01,) * 6, (6,)),
    Field("camera_motion.sway_period", "Periods of the sway, s.", (3.0, 4.0, 5.0, 3.5, 4.5, 5.5), (6,)),
    Field("camera_motion.sway_phase", "Phases of the sway, rad.", 0.0, (6,)),
    Field("lights.azimuth", "Directions of the key and the fill light about the vertical, rad.", (-0.7, 1.4), (2,)),
    Field("lights.elevation", "Heights of the two lights above the horizon, rad.", (1.0, 0.9), (2,)),
    Field("lights.brightness", "Brightness of the two lights as multiples of their nominal one.", 1.0, (2,)),
    Field("lights.tint", "Colour of both lights, a multiplier for red, green, blue.", 1.0, (3,)),
    Field("lights.ambient", "Ambient light as a multiple of the nominal one.", 1.0),
    Field("lights.shadow", "Whether the key light throws shadows (>= 0.5).", 1.0),
    Field("surfaces.colour", f"Colour multipliers of {', '.join(SURFACES)}.", 1.0, (len(SURFACES), 3)),
    Field("surfaces.texture", "Textures of the same: indices into TEXTURES, -1 nominal.", -1.0, (len(SURFACES),)),
    Field("clutter.count", "Objects that stand around the robot; the rest of the slots stay empty.", 0.0),
    Field("clutter.azimuth", "Their directions seen from the base, rad.", 0.0, (_CLUTTER,)),
    Field("clutter.distance", "Their distances from the base, m.", 1.5, (_CLUTTER,)),
    Field("clutter.height", "Heights of their centres above the floor, m.", 0.6, (_CLUTTER,)),
    Field("clutter.size", "Their half sizes, m.", 0.1, (_CLUTTER, 3)),
    Field("clutter.rotation", "Their rotation vectors, rad.", 0.0, (_CLUTTER, 3)),
    Field("clutter.colour", "Their colours.", 0.6, (_CLUTTER, 3)),
    Field("clutter.texture", "Their textures: indices into TEXTURES.", 0.0, (_CLUTTER,)),
    Field("occluders.count", "Objects that hang between the camera and the robot.", 0.0),
    Field("occluders.depth", "Their places on the way from the camera to the arm, as a share.", 0.5, (_OCCLUDERS,)),
    Field("occluders.offset", "Their sideways offsets as shares of half the image there.", 0.6, (_OCCLUDERS, 2)),
    Field("occluders.size", "Their half sizes as shares of half the image's height there.", 0.1, (_OCCLUDERS, 3)),
    Field("occluders.rotation", "Their rotation vectors, rad.", 0.0, (_OCCLUDERS, 3)),
    Field("occluders.colour", "Their colours.", 0.5, (_OCCLUDERS, 3)),
    Field("robot.colour", "Colour multiplier of each channel of the robot.", 1.0, (3,)),
    Field("sensors.joint_bias", "Constant error of the joint encoders, rad.", 0.0, ("joints",)),
    _image("exposure", "Exposure, stops."),
    _image("white_balance_r", "Gain of the red channel.", 1.0),
    _image("white_balance_b", "Gain of the blue channel.", 1.0),
    _image("blur_sigma_px", "Defocus: standard deviation of a Gaussian, pixels."),
    _image("motion_blur_px", "Length of motion blur, pixels."),
    _image("motion_blur_angle_rad", "Its direction, rad."),
    _image("defocus_px", "Blur far away with the lens focused on the arm: standard deviation, pixels."),
    _image("vignette", "Brightness lost in the corners, as a share."),
    _image("noise_std", "Read noise as a share of full scale."),
    _image("jpeg_quality", "JPEG quality, 1 to 100; 0 for none."),
)  # fmt: skip

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every field by name."""


def sizes_of(scene: Scene) -> dict[str, int]:
    """What the symbols in field shapes stand for in a scene."""
    return {
        "joints": scene.kinematics.n,
        "clutter": scene.config.clutter,
        "occluders": scene.config.occluders,
    }


def apply_draws(scene: Scene, draws: Mapping[str, NDArray[np.float64]]) -> None:
    """Dress a scene that is in its nominal state (see ``Scene.restore``) and whose camera has been placed.

    Fields of the groups ``camera``, ``camera_motion``, ``sensors`` and ``image`` are none of the scene's business: the
    environment's cameras, encoders and image effects take them.
    """
    for group, apply in _APPLY.items():
        values = {name.partition(".")[2]: value for name, value in draws.items() if name.startswith(f"{group}.")}
        if values:
            apply(scene, values)


def image_effects(draws: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """The settings of :func:`~ctr_env.scenes.rendering.image_effects.apply_image_effects` among draws that are not nominal."""
    return {
        name.removeprefix("image."): float(value)
        for name, value in draws.items()
        if name.startswith("image.") and value != FIELDS[name].nominal
    }


def _apply_lights(scene: Scene, draw: Mapping[str, NDArray[np.float64]]) -> None:
    model = scene.model
    for i, name in enumerate(LIGHTS):
        light = model.light(name).id
        azimuth, elevation = draw["azimuth"][i], draw["elevation"][i]
        toward = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
        model.light_dir[light] = -toward
        model.light_pos[light] = model.stat.center + LIGHT_DISTANCE * toward
        model.light_diffuse[light] *= draw["brightness"][i] * draw["tint"]
    model.light_castshadow[model.light(LIGHTS[0]).id] = draw["shadow"] >= 0.5
    model.vis.headlight.ambient[:] *= draw["ambient"]
    mujoco.mj_camlight(model, scene.data)


def _apply_surfaces(scene: Scene, draw: Mapping[str, NDArray[np.float64]]) -> None:
    model = scene.model
    for name, colour, texture in zip(SURFACES, draw["colour"], draw["texture"], strict=True):
        geom = model.geom(name).id
        _paint(model, geom, model.geom_rgba[geom, :3] * colour)
        if texture >= 0:
            flat = model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_PLANE
            _set_texture(model, geom, texture, flat_material if flat else cube_material)


def _apply_clutter(scene: Scene, draw: Mapping[str, NDArray[np.float64]]) -> None:
    for i in range(min(int(draw["count"]), scene.config.clutter)):
        angle, distance = draw["azimuth"][i], draw["distance"][i]
        place = np.array([distance * np.cos(angle), distance * np.sin(angle), draw["height"][i]])
        geom = _place(scene, CLUTTER.format(i), place, draw["rotation"][i], draw["size"][i], draw["colour"][i])
        _set_texture(scene.model, geom, max(draw["texture"][i], 0.0), cube_material)


def _apply_occluders(scene: Scene, draw: Mapping[str, NDArray[np.float64]]) -> None:
    camera, pose = scene.camera, scene.world_T_camera
    centre = scene.world_T_base.apply(scene.kinematics.keypoints(scene.joint_positions).mean(axis=0))
    reach = np.linalg.norm(centre - pose.translation)
    for i in range(min(int(draw["count"]), scene.config.occluders)):
        depth = draw["depth"][i] * reach
        half = 0.5 * depth * np.array([camera.width / camera.fx, camera.height / camera.fy])
        place = pose.apply(np.append(draw["offset"][i] * half, depth))
        _place(
            scene,
            OCCLUDER.format(i),
            place,
            draw["rotation"][i],
            draw["size"][i] * half[1],
            draw["colour"][i],
        )


def _apply_robot(scene: Scene, draw: Mapping[str, NDArray[np.float64]]) -> None:
    geoms = np.flatnonzero(scene.robot_geoms)
    _paint(scene.model, geoms, scene.model.geom_rgba[geoms, :3] * draw["colour"])


_APPLY: Mapping[str, Callable[[Scene, Mapping[str, Any]], None]] = {
    "lights": _apply_lights,
    "surfaces": _apply_surfaces,
    "clutter": _apply_clutter,
    "occluders": _apply_occluders,
    "robot": _apply_robot,
}


def _paint(model: mujoco.MjModel, geoms: Any, colour: NDArray[np.float64]) -> None:
    """Give geoms a colour of their own; one of exactly (0.5, 0.5, 0.5) would mean "as the material" to MuJoCo."""
    colour = np.clip(colour, 0.0, 1.0)
    model.geom_rgba[geoms, :3] = np.where(colour == 0.5, 0.5001, colour)


def _set_texture(model: mujoco.MjModel, geom: int, index: float, material: Callable[[str], str]) -> None:
    model.geom_matid[geom] = model.material(material(TEXTURES[int(index) % len(TEXTURES)])).id


def _place(
    scene: Scene,
    name: str,
    position: NDArray[np.float64],
    rotation: NDArray[np.float64],
    size: NDArray[np.float64],
    colour: NDArray[np.float64],
) -> int:
    """Put a loose object somewhere; its index as a geom."""
    model, data = scene.model, scene.data
    body = model.body(name)
    geom = int(body.geomadr[0])
    data.mocap_pos[body.mocapid[0]] = position
    quat = np.zeros(4)
    angle = float(np.linalg.norm(rotation))
    mujoco.mju_axisAngle2Quat(quat, rotation / angle if angle > 0 else np.array([0.0, 0.0, 1.0]), angle)
    data.mocap_quat[body.mocapid[0]] = quat
    model.geom_size[geom] = size
    model.geom_rbound[geom] = float(np.linalg.norm(size)) + float(np.max(size))
    _paint(model, geom, colour)
    return geom
