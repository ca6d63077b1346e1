"""Which seeds belong to which split: training never meets what evaluation is made of."""

from __future__ import annotations

__all__ = ["FRAMES_PER_SET", "SPLITS", "camera_seed", "frame_seed"]

SPLITS = ("train", "validation", "test")
"""Names of the splits."""

FRAMES_PER_SET = 10**7
"""Frames that a data set can have."""

_SPLIT_SPAN = 10**12  # environments' own seeds lie below the first split


def frame_seed(split: str, seed: int, index: int) -> int:
    """Seed of one frame; different for every split, seed and index, and never one of an environment's.

    Args:
        split: One of :data:`SPLITS`.
        seed: Number of the data set, 0 to 99,999.
        index: Number of the frame, 0 to 9,999,999.

    Raises:
        ValueError: If the split is unknown or a number is out of range.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; valid names: {', '.join(SPLITS)}")
    if not 0 <= seed < _SPLIT_SPAN // FRAMES_PER_SET:
        raise ValueError(f"the seed of a data set must lie in [0, {_SPLIT_SPAN // FRAMES_PER_SET - 1}], not {seed}")
    if not 0 <= index < FRAMES_PER_SET:
        raise ValueError(f"the number of a frame must lie in [0, {FRAMES_PER_SET - 1}], not {index}")
    return (1 + SPLITS.index(split)) * _SPLIT_SPAN + seed * FRAMES_PER_SET + index


def camera_seed(number: int) -> int:
    """Seed of a camera that all frames of a data set share; none of a frame's or an environment's.

    Args:
        number: Number of the camera, 0 or more.

    Raises:
        ValueError: If the number is out of range.
    """
    if not 0 <= number < _SPLIT_SPAN:
        raise ValueError(f"the number of a camera must lie in [0, {_SPLIT_SPAN - 1}], not {number}")
    return (1 + len(SPLITS)) * _SPLIT_SPAN + number
