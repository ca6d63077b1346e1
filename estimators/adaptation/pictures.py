"""Unlabelled pictures in memory."""

from __future__ import annotations

from typing import NamedTuple

from ctr_env.estimators.base import Frame
from ctr_env.estimators.data.layouts import Folder, Refused, refused
from ctr_env.estimators.straight import straightened

__all__ = ["Pictures", "read_pictures"]


class Pictures(NamedTuple):
    """What could be read, and what could not."""

    frames: dict[str, Frame]
    """Pictures, joint angles and cameras without lens distortion, by name."""
    skipped: list[Refused]
    """The other frames."""


def read_pictures(folder: Folder) -> Pictures:
    """Read all frames of a folder or recording, one by one."""
    frames, skipped = {}, []
    for name in folder.names:
        try:
            frames[name] = straightened(folder.read_unlabelled(name))
        except (OSError, ValueError) as error:
            skipped.append(refused(folder, name, error))
    return Pictures(frames, skipped)
