"""Unlabelled pictures in memory."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ctr_env.estimators.base import Frame
from ctr_env.estimators.data.layouts import Folder, Refused, refused
from ctr_env.estimators.straight import straightened
from ctr_env.geometry import PinholeCamera

__all__ = ["Pictures", "of_one_camera", "read_pictures"]


class Pictures(NamedTuple):
    """What could be read, and what could not."""

    frames: dict[str, Frame]
    """Pictures, joint angles and cameras without lens distortion, by name."""
    cameras: dict[str, PinholeCamera]
    """The cameras as they are, with it."""
    skipped: list[Refused]
    """The other frames."""


def read_pictures(folder: Folder) -> Pictures:
    """Read all frames of a folder or recording, one by one."""
    frames, cameras, skipped = {}, {}, []
    for name in folder.names:
        try:
            frame = folder.read_unlabelled(name)
            frames[name], cameras[name] = straightened(frame), frame.camera
        except (OSError, ValueError) as error:
            skipped.append(refused(folder, name, error))
    return Pictures(frames, cameras, skipped)


def of_one_camera(pictures: Pictures) -> Pictures:
    """The pictures of the camera that took most of them; the others are skipped.

    Raises:
        ValueError: If none could be read, or no camera took half of them, so that they are not of one camera.
    """
    if not pictures.frames:
        first = f"; the first: {pictures.skipped[0].reason}" if pictures.skipped else ""
        raise ValueError(f"none of {len(pictures.skipped)} pictures can be read{first}")
    counts = Counter(pictures.cameras.values())
    camera, most = counts.most_common(1)[0]
    if 2 * most < len(pictures.cameras):
        raise ValueError(
            f"the pictures have {len(counts)} different intrinsics, and so not one pose: give each camera's pictures "
            "by themselves"
        )
    frames = {name: frame for name, frame in pictures.frames.items() if pictures.cameras[name] == camera}
    size = f"{camera.width}x{camera.height}"
    others = [
        Refused(name, f"{name}: {other.width}x{other.height} pixels or intrinsics unlike those of most, {size}")
        for name, other in pictures.cameras.items()
        if other != camera
    ]
    return Pictures(frames, dict.fromkeys(frames, camera), [*pictures.skipped, *others])
