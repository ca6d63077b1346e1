"""Unlabelled pictures in memory."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ctr_env.estimators.base import Frame
from ctr_env.estimators.straight import straightened

__all__ = ["Pictures", "Recorded", "read_pictures"]


class Recorded(Protocol):
    """Frames that are read by name: a folder in DREAM's layout, or a recording."""

    names: list[str]

    def read_unlabelled(self, name: str) -> Frame:
        """Picture, joint angles and camera of one frame."""


class Pictures(NamedTuple):
    """What could be read, and what could not."""

    frames: dict[str, Frame]
    """Pictures, joint angles and cameras without lens distortion, by name."""
    problems: list[str]
    """What is wrong with the other frames; each names its file."""


def read_pictures(source: Recorded) -> Pictures:
    """Read all frames of a source, one by one."""
    frames, problems = {}, []
    for name in source.names:
        try:
            frames[name] = straightened(source.read_unlabelled(name))
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return Pictures(frames, problems)
