"""Contact sheets of randomised images."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ctr_env.envs import ServoEnv

__all__ = ["contact_sheet"]

_GAP = 4


def contact_sheet(env: gym.Env[Any, Any], seeds: range, columns: int = 5) -> NDArray[np.uint8]:
    """First images of episodes, side by side.

    Args:
        env: A servoing environment.
        seeds: Seeds to reset with.
        columns: Images in a row.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    bare = env.unwrapped
    if not isinstance(bare, ServoEnv):
        raise TypeError(f"contact_sheet takes a ServoEnv, not {type(bare).__name__}")
    images = []
    for seed in seeds:
        env.reset(seed=seed)
        images.append(bare.image())
    height, width = images[0].shape[:2]
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, 3), 255, dtype=np.uint8)
    for i, image in enumerate(images):
        y, x = i // columns * (height + _GAP), i % columns * (width + _GAP)
        sheet[y : y + height, x : x + width] = image
    return sheet
