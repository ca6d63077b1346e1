"""Named randomisations, from the camera pose alone to all fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.world.textures import TEXTURES

from .fields import FIELDS

__all__ = ["PRESETS", "preset_room", "preset_rules"]

PRESETS = ("none", "mild", "strong", "hard", "lab", "workshop")
"""Names of the presets."""

_PI = float(np.pi)


def preset_rules(name: str, camera_distance: tuple[float, float]) -> dict[str, Any]:
    """The rules of a preset in plain-data form, one for every field.

    - ``none`` randomises the task and the camera pose (results for a single view would not generalise).
    - ``mild`` adds the variation within one laboratory: lights, colours, clutter, exposure, noise.
    - ``strong`` adds the variation between laboratories: textures, occluders, wider ranges, more camera effects.
    - ``hard`` is for single images: what laboratories' own cameras see. The arm may fill or leave the image, at any
      roll, through a lens with distortion, with cables and covers on it, marker boards, windows and other objects
      before or behind it, after strong compression.
    - ``lab`` and ``workshop`` are scene presets for the physically based renderers: fixed furniture, lights and camera
      effects; only task and camera pose vary.

    Args:
        name: One of :data:`PRESETS`.
        camera_distance: Nominal range of camera distances, metres.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    require_choice("randomisation preset", name, PRESETS)
    rules: dict[str, Any] = {field.name: {"constant": field.nominal} for field in FIELDS.values()}
    near, far = camera_distance
    rules |= _NONE | {"camera.distance": {"uniform": [near, far]}}
    if name in ("mild", "lab", "workshop"):
        rules |= _VIEWS | {"camera.distance": {"uniform": [0.9 * near, 1.15 * far]}}
    if name in ("mild", "strong", "hard"):
        rules |= _VIEWS | _MILD
    if name in ("strong", "hard"):
        rules |= _STRONG | {"camera.distance": {"uniform": [0.75 * near, 1.5 * far]}}
    if name == "hard":
        rules |= _HARD | {"camera.distance": {"log_uniform": [0.35 * near, 2.0 * far]}}
    return rules | _ROOMS.get(name, {})


def preset_room(name: str) -> str:
    """Name of a preset's room, one of :data:`~ctr_env.scenes.world.rooms.ROOMS`.

    Raises:
        ConfigurationError: If the preset is unknown.
    """
    require_choice("randomisation preset", name, PRESETS)
    return name if name in _ROOMS else "plain"


def _frame(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "when": "frame"}


_ANY_ANGLE = {"uniform": [-_PI, _PI]}

_NONE: dict[str, Any] = {
    "task.start": {"uniform": [-0.35, 0.35]},
    "task.goal": {"uniform": [-0.45, 0.45]},
    "task.push_distance": {"uniform": [0.1, 0.2]},
    "task.push_direction": _ANY_ANGLE,
    "goal_motion.phase": _ANY_ANGLE,
    "goal_motion.period": {"uniform": [6.0, 10.0]},
    "camera.azimuth": {"uniform": [-1.0, 1.0]},
    "camera.elevation": {"uniform": [0.15, 0.8]},
    "camera_motion.sway_phase": _ANY_ANGLE,
    "camera_motion.sway_period": {"uniform": [2.5, 6.0]},
    "camera_motion.sway": {"uniform": [0.005, 0.015]},
    "camera_motion.orbit": {"uniform": [-0.25, 0.25]},
}

_VIEWS: dict[str, Any] = {
    "camera.azimuth": {"uniform": [-1.3, 1.3]},
    "camera.elevation": {"uniform": [0.1, 0.95]},
    "camera.look_at": {"uniform": [-0.08, 0.08]},
    "camera.roll": {"normal": [0.0, 0.04]},
    "camera.fov": {"uniform": [0.8, 1.25]},
    "camera.principal_point": {"uniform": [0.48, 0.52]},
}

_MILD: dict[str, Any] = {
    "lights.azimuth": _ANY_ANGLE,
    "lights.elevation": {"uniform": [0.7, 1.4]},
    "lights.brightness": {"uniform": [0.7, 1.3]},
    "lights.ambient": {"uniform": [0.7, 1.3]},
    "surfaces.colour": {"uniform": [0.75, 1.15]},
    "clutter.count": {"choice": [2, 3, 4, 5]},
    "clutter.azimuth": _ANY_ANGLE,
    "clutter.distance": {"uniform": [1.3, 2.8]},
    "clutter.height": {"uniform": [0.1, 1.2]},
    "clutter.size": {"uniform": [0.05, 0.25]},
    "clutter.colour": {"uniform": [0.15, 0.9]},
    "clutter.texture": {"choice": list(range(len(TEXTURES)))},
    "robot.colour": {"uniform": [0.93, 1.0]},
    "image.exposure": {"normal": [0.0, 0.15]},
    "image.noise_std": _frame({"constant": 0.008}),
}

_STRONG: dict[str, Any] = {
    "camera.azimuth": {"uniform": [-2.0, 2.0]},
    "camera.elevation": {"uniform": [0.0, 1.2]},
    "camera.look_at": {"uniform": [-0.2, 0.2]},
    "camera.roll": {"normal": [0.0, 0.15]},
    "camera.fov": {"uniform": [0.6, 1.7]},
    "camera.principal_point": {"uniform": [0.44, 0.56]},
    "camera.min_arm_in_view": 0.45,
    "lights.elevation": {"uniform": [0.35, 1.5]},
    "lights.brightness": {"uniform": [0.2, 2.0]},
    "lights.tint": {"uniform": [0.8, 1.15]},
    "lights.ambient": {"uniform": [0.3, 1.8]},
    "lights.shadow": {"choice": [0, 1, 1]},
    "surfaces.colour": {"uniform": [0.2, 1.3]},
    "surfaces.texture": {"choice": list(range(len(TEXTURES)))},
    "clutter.count": {"choice": [4, 6, 8, 10, 12]},
    "clutter.distance": {"uniform": [1.1, 3.0]},
    "clutter.height": {"uniform": [0.0, 1.8]},
    "clutter.size": {"log_uniform": [0.02, 0.35]},
    "clutter.rotation": {"uniform": [-2.0, 2.0]},
    "clutter.colour": {"uniform": [0.02, 1.0]},
    "occluders.count": {"choice": [0, 1, 2, 3]},
    "occluders.depth": {"uniform": [0.35, 0.7]},
    "occluders.offset": {"uniform": [-1.1, 1.1]},
    "occluders.size": {"log_uniform": [0.04, 0.3]},
    "occluders.rotation": _ANY_ANGLE,
    "occluders.colour": {"uniform": [0.02, 1.0]},
    "robot.colour": {"uniform": [0.75, 1.1]},
    "sensors.joint_bias": {"normal": [0.0, 0.002]},
    "image.exposure": {"normal": [0.0, 0.45]},
    "image.white_balance_r": {"uniform": [0.85, 1.18]},
    "image.white_balance_b": {"uniform": [0.85, 1.18]},
    "image.blur_sigma_px": {"uniform": [0.0, 1.0]},
    "image.motion_blur_px": _frame({"choice": [0, 0, 0, 3, 5]}),
    "image.motion_blur_angle_rad": _frame({"uniform": [0.0, _PI]}),
    "image.noise_std": {"uniform": [0.0, 0.03]},
    "image.jpeg_quality": {"choice": [0, 30, 50, 70, 90]},
}

_ROLLS = [*np.linspace(-0.4, 0.4, 18).round(3).tolist(), *np.linspace(-_PI, _PI, 9)[1:].round(3).tolist()]
"""Seven in ten cameras are nearly upright, the others at any multiple of 45 degrees."""

_HARD: dict[str, Any] = {
    "camera.azimuth": {"uniform": [-2.6, 2.6]},
    "camera.elevation": {"uniform": [-0.2, 1.35]},
    "camera.look_at": {"uniform": [-0.3, 0.3]},
    "camera.roll": {"choice": _ROLLS},
    "camera.fov": {"uniform": [0.52, 1.92]},
    "camera.on_gripper": {"uniform": [0.0, 1.0]},
    "camera.min_arm_in_view": 0.15,
    "camera.min_clearance": 0.2,
    "camera.distortion": {"uniform": [-0.22, 0.06]},
    "painted.background": {"choice": [0, 2, 4, 8]},
    "painted.windows": {"choice": [0, 0, 1, 2]},
    "painted.markers": {"choice": [0, 0, 1, 2, 3]},
    "painted.attachments": {"choice": [0, 0, 1, 2, 3]},
    "painted.foreground": {"choice": [0, 0, 1, 2]},
    "painted.glare": {"uniform": [0.0, 0.4]},
    "robot.colour": {"uniform": [0.65, 1.12]},
    "image.noise_std": {"uniform": [0.0, 0.04]},
    "image.jpeg_quality": 50.0,
}

_ROOMS: dict[str, dict[str, Any]] = {
    "lab": {
        "image.white_balance_r": 0.96,
        "image.white_balance_b": 1.05,
        "image.vignette": 0.25,
        "image.defocus_px": 0.7,
        "image.noise_std": _frame({"constant": 0.012}),
        "image.jpeg_quality": 85.0,
    },
    "workshop": {
        "lights.azimuth": [-1.9, 1.4],
        "lights.brightness": [1.2, 0.25],
        "lights.tint": [1.08, 1.0, 0.84],
        "lights.ambient": 0.6,
        "robot.colour": [0.9, 0.88, 0.82],
        "image.vignette": 0.4,
        "image.defocus_px": 1.0,
        "image.motion_blur_px": _frame({"choice": [0, 0, 3]}),
        "image.motion_blur_angle_rad": _frame({"uniform": [0.0, _PI]}),
        "image.noise_std": _frame({"constant": 0.025}),
        "image.jpeg_quality": 60.0,
    },
}
"""Lights and camera effects of the scene presets."""
