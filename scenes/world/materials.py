"""Materials of a room: every texture for planes and for solids, the sky, and the robot's parts."""

from __future__ import annotations

import mujoco
import numpy as np

from .textures import TEXTURES, texture

__all__ = ["add_materials", "cube_material", "flat_material"]

_ROBOT_MATERIALS = {"paint": (0.35, 0.0), "rubber": (0.75, 0.0), "brushed_steel": (0.35, 1.0)}
"""Roughness and metallic share."""


def flat_material(name: str) -> str:
    """Name of the material that repeats a texture once per metre of a plane."""
    return f"flat_{name}"


def cube_material(name: str) -> str:
    """Name of the material that maps a texture to the six sides of a solid."""
    return f"cube_{name}"


def add_materials(spec: mujoco.MjSpec) -> None:
    """Add two materials for each texture and the sky, and assign materials to the robot's geoms."""
    for name in TEXTURES:
        _add_texture_materials(spec, name)
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


def _add_texture_materials(spec: mujoco.MjSpec, name: str) -> None:
    image = texture(name)
    side = image.shape[0]
    flat = spec.add_texture(
        name=flat_material(name), type=mujoco.mjtTexture.mjTEXTURE_2D, width=side, height=side, nchannel=3
    )
    flat.data = image.tobytes()
    cube = spec.add_texture(
        name=cube_material(name), type=mujoco.mjtTexture.mjTEXTURE_CUBE, width=side, height=6 * side, nchannel=3
    )
    cube.data = image.tobytes() * 6
    for material_name in (flat_material(name), cube_material(name)):
        material = spec.add_material(name=material_name, specular=0.15, shininess=0.2)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = material_name
        material.texuniform = material_name == flat_material(name)
        if material.texuniform:  # Filament's physical materials take no cube textures
            material.roughness, material.metallic = 0.6, 0.0
        material.texrepeat = np.array([1.0, 1.0])


def _add_robot_materials(spec: mujoco.MjSpec) -> None:
    """Classify the robot's parts by colour as paint, rubber or steel; only physically based renderers differ."""
    for name, (roughness, metallic) in _ROBOT_MATERIALS.items():
        spec.add_material(name=name, specular=0.35, shininess=0.45, roughness=roughness, metallic=metallic)
    for geom in spec.geoms:
        colour = np.array(geom.rgba[:3])
        painted = colour.mean() > 0.65 or np.ptp(colour) > 0.2
        geom.material = "paint" if painted else "rubber" if colour.mean() < 0.35 else "brushed_steel"
