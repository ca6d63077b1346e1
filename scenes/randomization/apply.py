"""Application of drawn values to a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.world.lighting import LIGHT_DISTANCE, LIGHTS
from ctr_env.scenes.world.materials import cube_material, flat_material
from ctr_env.scenes.world.objects import CLUTTER, OCCLUDER
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.surfaces import SURFACES
from ctr_env.scenes.world.textures import TEXTURES

from .fields import FIELDS

__all__ = ["apply_draws", "image_effects", "sizes_of"]


def sizes_of(scene: Scene) -> dict[str, int]:
    """Values of the symbolic sizes in field shapes (``"joints"``, ``"clutter"``, ``"occluders"``) for a scene."""
    return {
        "joints": scene.kinematics.n,
        "clutter": scene.config.clutter,
        "occluders": scene.config.occluders,
    }


def apply_draws(scene: Scene, draws: Mapping[str, NDArray[np.float64]]) -> None:
    """Apply draws to a scene.

    The groups ``lights``, ``surfaces``, ``clutter``, ``occluders`` and ``robot`` are applied. All other groups concern
    the task, the camera, the lens, the joint encoders and the image effects, and are applied by those.

    Args:
        scene: A scene in its nominal state (see ``Scene.restore``), whose camera has been placed.
        draws: Drawn values by field name.
    """
    for group, apply in _APPLY.items():
        values = {name.partition(".")[2]: value for name, value in draws.items() if name.startswith(f"{group}.")}
        if values:
            apply(scene, values)


def image_effects(draws: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """The draws that differ from their nominal values among the settings of the image effects.

    Returns:
        Settings as :func:`~ctr_env.scenes.rendering.image_effects.apply_image_effects` takes them.
    """
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
    """Set the colours of geoms; to MuJoCo a colour of exactly (0.5, 0.5, 0.5) would mean the material's."""
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
    """Place a movable object and return the index of its geom."""
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
