"""Environment maps for image-based lighting: radiance of a room's ceiling lamps, walls and windows."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.world.room import ROOM_TEXT

__all__ = ["environment"]

_SIDE = 64
_TINTS = {"plain": (1.0, 1.0, 1.0), "lab": (0.96, 1.0, 1.04), "workshop": (1.06, 0.98, 0.86)}
_WALLS = {"plain": 0.55, "lab": 0.6, "workshop": 0.3}


def environment(model: mujoco.MjModel) -> NDArray[np.uint8]:
    """Environment map of a model's room.

    Returns:
        ``(6, 64, 64, 3)`` uint8 sRGB, faces of a cube: +x, -x, up, down and the two sides. All rooms have rows of
        lamps below the ceiling, the workshop a window in one side as well.
    """
    room = _text(model, ROOM_TEXT)
    v, u = np.meshgrid(*[(np.arange(_SIDE) + 0.5) / _SIDE * 2.0 - 1.0] * 2, indexing="ij")
    one = np.ones_like(u)
    directions = ((one, -v, -u), (-one, -v, u), (u, one, v), (u, -one, -v), (u, -v, one), (-u, -v, -one))
    return np.stack([_radiance(np.stack(d), room) for d in directions])


def _radiance(direction: NDArray[np.float64], room: str) -> NDArray[np.uint8]:
    """One face; ``direction`` is ``(3, n, n)``, its second component up."""
    x, up, side = direction / np.linalg.norm(direction, axis=0)
    light = np.where(up > 0.0, _WALLS[room] + 0.2 * up, _WALLS[room] * (0.75 + 0.35 * up))
    across = np.mod(1.6 * side / np.maximum(up, 1e-3), 1.0)
    light = np.where((up > 0.55) & (np.abs(across - 0.5) < 0.22), 1.0, light)
    if room == "workshop":
        light = np.where((side > 0.75) & (np.abs(x) < 0.45) & (np.abs(up - 0.25) < 0.25), 1.0, light)
    return (255.0 * np.clip(light[..., None] * _TINTS[room], 0.0, 1.0)).astype(np.uint8)


def _text(model: mujoco.MjModel, name: str) -> str:
    index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_TEXT, name)
    start = model.text_adr[index]
    return bytes(model.text_data[start : start + model.text_size[index] - 1]).decode()
