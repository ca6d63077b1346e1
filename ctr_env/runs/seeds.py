"""Seeds of the data splits: disjoint, so that no frame or episode of one split occurs in another."""

from __future__ import annotations

from ctr_env.errors import ConfigurationError

from .configuration import require_choice

__all__ = ["DATA_SETS", "FRAMES_PER_SET", "SPLITS", "camera_seed", "episode_seed", "frame_seed"]

SPLITS = ("train", "validation", "test")
"""Names of the data splits."""

FRAMES_PER_SET = 10**7
"""Frames that a data set can have."""

DATA_SETS = 10**5
"""Number of data sets of a split."""

_SPLIT_SPAN = DATA_SETS * FRAMES_PER_SET  # the seeds of environments lie below the first split


def frame_seed(split: str, seed: int, index: int) -> int:
    """Seed of one frame; different for every split, seed and index, and never the seed of an environment.

    Args:
        split: One of :data:`SPLITS`.
        seed: Number of the data set, 0 to 99,999.
        index: Number of the frame, 0 to 9,999,999.

    Raises:
        ConfigurationError: If the split is unknown or a number is out of range.
    """
    require_choice("split", split, SPLITS)
    if not 0 <= seed < DATA_SETS:
        raise ConfigurationError(f"the seed of a data set must lie in [0, {DATA_SETS - 1}], not {seed}")
    if not 0 <= index < FRAMES_PER_SET:
        raise ConfigurationError(f"the number of a frame must lie in [0, {FRAMES_PER_SET - 1}], not {index}")
    return (1 + SPLITS.index(split)) * _SPLIT_SPAN + seed * FRAMES_PER_SET + index


def camera_seed(number: int) -> int:
    """Seed of a camera that all frames of a data set share; never the seed of a frame or an environment.

    Args:
        number: Number of the camera, 0 or more.

    Raises:
        ConfigurationError: If the number is out of range.
    """
    if not 0 <= number < _SPLIT_SPAN:
        raise ConfigurationError(f"the number of a camera must lie in [0, {_SPLIT_SPAN - 1}], not {number}")
    return (1 + len(SPLITS)) * _SPLIT_SPAN + number


def episode_seed(split: str, seed: int, index: int) -> int:
    """Seed of an episode of reinforcement learning.

    It is different for every split, seed and index, and never the seed of a frame, a camera or another environment.

    Args:
        split: One of :data:`SPLITS`.
        seed: Seed of the training, 0 to 99,999.
        index: Number of the episode, 0 to 9,999,999.

    Raises:
        ConfigurationError: If the split is unknown or a number is out of range.
    """
    return frame_seed(split, seed, index) + (1 + len(SPLITS)) * _SPLIT_SPAN
