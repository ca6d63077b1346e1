"""Conversion of a MuJoCo model's lights to Mitsuba emitters: extended lamps and a uniform sky."""

from __future__ import annotations

from typing import Any

import mitsuba as mi
import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.world.lighting import LIGHT_DISTANCE

from .mitsuba_export import rgb_dict

__all__ = ["lights_dict"]

_LAMP_POINTS = 24
_LAMP_SLOPE = 0.12  # radius of a lamp as a share of its distance, for soft shadows
_LAMP_GAP = 0.3  # metres between a lamp and the wall behind
_LAMP_CONE = (45.0, 80.0)  # degrees: begin and end of the fall-off
_SKY_SAMPLES = 0.3  # sampling weight relative to an equally bright lamp: most sky samples are blocked by walls


def lights_dict(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, Any]:
    """Mitsuba emitters: a disk-shaped lamp for each light of the model, and a uniform sky for the ambient part.

    A lamp is in its light's direction from the centre of the scene, inside the walls (which would block it), with the
    same angular size and irradiance at any distance. It consists of point lights, which are invisible and cast no
    shadow themselves.
    """
    headlight = model.vis.headlight
    sky = np.asarray(headlight.ambient) + 0.5 * np.asarray(headlight.diffuse)
    lights: dict[str, Any] = {
        "sky": {
            "type": "constant",
            "radiance": rgb_dict(sky),
            "sampling_weight": _SKY_SAMPLES * float(sky.mean()) + 1e-6,
        }
    }
    centre = np.asarray(model.stat.center)
    for light in np.flatnonzero(model.light_active).tolist():
        offset = -LIGHT_DISTANCE * data.light_xdir[light]
        offset *= _unobstructed(model, data, centre, offset)
        for i, point in enumerate(_round_lamp(offset)):
            lights[f"light_{light}_{i}"] = _lamp_point(centre, point, model.light_diffuse[light])
    return lights


def _towards(data: mujoco.MjData, geom: int, point: NDArray[np.float64]) -> float:
    """Distance of a point in front of a plane, metres."""
    return float((point - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)[:, 2])


def _unobstructed(
    model: mujoco.MjModel, data: mujoco.MjData, start: NDArray[np.float64], offset: NDArray[np.float64]
) -> float:
    """Share of an offset from a point up to ``_LAMP_GAP`` before the first plane that faces the point."""
    share = 1.0
    for geom in np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE).tolist():
        before, after = _towards(data, geom, start), _towards(data, geom, start + offset)
        if before > 0.0 > after:
            hit = start + before / (before - after) * offset
            local = (hit - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
            if np.all(np.abs(local[:2]) <= model.geom_size[geom, :2]):
                share = min(share, (before - _LAMP_GAP) / (before - after))
    return share


def _round_lamp(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, 3)`` points evenly distributed on a disk around the tip of a vector, perpendicular to it."""
    index = np.arange(_LAMP_POINTS)
    radius = _LAMP_SLOPE * np.sqrt((index + 0.5) / _LAMP_POINTS)
    angle = np.pi * (3.0 - np.sqrt(5.0)) * index  # the golden angle
    across = np.cross(offset, np.eye(3)[np.argmin(np.abs(offset))])
    across *= np.linalg.norm(offset) / np.linalg.norm(across)
    along = np.cross(offset, across) / np.linalg.norm(offset)
    return np.asarray(offset + np.outer(radius * np.cos(angle), across) + np.outer(radius * np.sin(angle), along))


def _lamp_point(
    centre: NDArray[np.float64], offset: NDArray[np.float64], diffuse: NDArray[np.float64]
) -> dict[str, Any]:
    """One point of a lamp; together they give an irradiance of pi * diffuse at the centre."""
    beam, cutoff = _LAMP_CONE
    up = np.eye(3)[np.argmin(np.abs(offset))]
    return {
        "type": "spot",
        "to_world": mi.ScalarTransform4f().look_at(origin=centre + offset, target=centre, up=up),
        "intensity": rgb_dict(np.pi * float(offset @ offset) / _LAMP_POINTS * diffuse),
        "beam_width": beam,
        "cutoff_angle": cutoff,
        "sampling_weight": float(diffuse.mean()) / _LAMP_POINTS + 1e-6,
    }
