"""Contact sheet of the first images of episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ctr_env.drawing.contact_sheet import Tile, contact_sheet, grid
from ctr_env.envs import ServoEnv
from ctr_env.errors import UsageError

__all__ = ["preview_sheet"]


def preview_sheet(env: gym.Env[Any, Any], seeds: Sequence[int], columns: int = 5) -> NDArray[np.uint8]:
    """Contact sheet of the first images of episodes, each with its seed.

    Args:
        env: A servoing environment.
        seeds: Seeds to reset with.
        columns: Images per row.

    Returns:
        ``(H, W, 3)`` uint8.

    Raises:
        UsageError: If the environment is not a servoing environment.
    """
    bare = env.unwrapped
    if not isinstance(bare, ServoEnv):
        raise UsageError(f"preview_sheet takes a ServoEnv, not {type(bare).__name__}")
    tiles = []
    for seed in seeds:
        env.reset(seed=seed)
        tiles.append(Tile(bare.image(), (f"seed {seed}",)))
    height, width = tiles[0].image.shape[:2]
    return contact_sheet(grid(tiles, columns), (width, height))
