"""Lights of a room."""

from __future__ import annotations

import mujoco
import numpy as np

__all__ = ["LIGHTS", "LIGHT_DISTANCE", "add_lights"]

LIGHTS = ("key_light", "fill_light")
"""Names of the lights."""

LIGHT_DISTANCE = 7.0
"""Distance of the lights from the centre of the scene, metres."""


def add_lights(spec: mujoco.MjSpec) -> None:
    """Add two distant spotlights: MuJoCo's directional lights cause shadow acne on large floors."""
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
