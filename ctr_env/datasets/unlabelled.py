"""Unlabelled pictures in memory."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ctr_env.geometry import PinholeCamera

from .folders import Folder, Refused, refused
from .frame import Frame
from .undistortion import straightened

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
        ValueError: If none could be read, or no camera took more than half of them.
    """
    if not pictures.frames:
        first = f"; the first: {pictures.skipped[0].reason}" if pictures.skipped else ""
        raise ValueError(f"none of {len(pictures.skipped)} pictures can be read{first}")
    counts = Counter(pictures.cameras.values())
    camera, most = counts.most_common(1)[0]
    if 2 * most <= len(pictures.cameras) and len(counts) > 1:
        raise ValueError(
            f"the pictures, such as {next(iter(pictures.frames))}, have {len(counts)} different intrinsics, and so not "
            "one pose: give each camera's pictures by themselves"
        )
    frames = {name: frame for name, frame in pictures.frames.items() if pictures.cameras[name] == camera}
    others = [
        Refused(name, f"{name}: not of the camera of most pictures: {_told(other)}, not {_told(camera)}")
        for name, other in pictures.cameras.items()
        if other != camera
    ]
    return Pictures(frames, dict.fromkeys(frames, camera), [*pictures.skipped, *others])


def _told(camera: PinholeCamera) -> str:
    return f"{camera.width}x{camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}"
