"""Unlabelled pictures in memory, and examples of them that a teacher labelled."""

from __future__ import annotations

from typing import Protocol

from ctr_env.estimators.base import Frame
from ctr_env.estimators.straight import straightened

__all__ = ["Recorded", "read_pictures"]


class Recorded(Protocol):
    """Frames that are read by name: a folder in DREAM's layout, or a recording."""

    names: list[str]

    def read_unlabelled(self, name: str) -> Frame:
        """Picture, joint angles and camera of one frame."""


def read_pictures(source: Recorded) -> tuple[list[Frame], list[str]]:
    """Pictures, joint angles and cameras of all frames, without lens distortion.

    Returns:
        The frames that could be read, and what was wrong with the others.
    """
    frames, problems = [], []
    for name in source.names:
        try:
            frames.append(straightened(source.read_unlabelled(name)))
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return frames, problems
