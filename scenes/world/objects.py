"""Objects that are placed at run time: clutter, occluders and the axes of the goal."""

from __future__ import annotations

import mujoco
import numpy as np

from .materials import cube_material

__all__ = ["CLUTTER", "OCCLUDER", "TARGET", "add_loose_objects", "add_target"]

TARGET = "target"
"""Name of the body that shows the goal."""
CLUTTER = "clutter_{}"
"""Name of a clutter object, by index."""
OCCLUDER = "occluder_{}"
"""Name of an occluder, by index."""

_GEOM = mujoco.mjtGeom
_SHAPES = (
    _GEOM.mjGEOM_BOX,
    _GEOM.mjGEOM_CYLINDER,
    _GEOM.mjGEOM_BOX,
    _GEOM.mjGEOM_CAPSULE,
    _GEOM.mjGEOM_ELLIPSOID,
)
_AWAY = (0.0, 0.0, -20.0)  # metres, out of view until placed


def add_loose_objects(spec: mujoco.MjSpec, name: str, count: int) -> None:
    """Add movable, non-colliding solids.

    Args:
        spec: Specification to extend.
        name: :data:`CLUTTER` or :data:`OCCLUDER`.
        count: Number of solids; their shapes repeat after five.
    """
    for i in range(count):
        _add_loose_object(spec, name.format(i), _SHAPES[i % len(_SHAPES)])


def _add_loose_object(spec: mujoco.MjSpec, name: str, shape: mujoco.mjtGeom) -> None:
    body = spec.worldbody.add_body(name=name, mocap=True, pos=np.array(_AWAY))
    body.add_geom(
        name=name, type=shape, size=np.array([0.05, 0.05, 0.05]), rgba=(0.6, 0.6, 0.6, 1.0),
        material=cube_material("plain"), contype=0, conaffinity=0,
    )  # fmt: skip


def add_target(spec: mujoco.MjSpec) -> None:
    """Add three coloured axes (x red, y green, z blue) that show the end effector's goal pose."""
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
