"""Unlabelled images in memory."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

from .folders import Folder, RejectedFrame, rejected_frame
from .frame import Frame
from .undistortion import undistorted_frame

__all__ = ["Images", "of_one_camera", "read_images"]


class Images(NamedTuple):
    """Frames that could be read, and those that could not."""

    frames: dict[str, Frame]
    """Images, joint angles and cameras without lens distortion, by name."""
    cameras: dict[str, PinholeCamera]
    """The cameras of the files, with lens distortion."""
    rejected: list[RejectedFrame]
    """The frames that could not be read or used."""


def read_images(folder: Folder) -> Images:
    """Read all frames of a folder or recording and remove their lens distortion; unusable frames are rejected."""
    frames, cameras, rejected = {}, {}, []
    for name in folder.names:
        try:
            frame = folder.read_unlabelled(name)
            frames[name], cameras[name] = undistorted_frame(frame), frame.camera
        except (OSError, ValueError) as error:
            rejected.append(rejected_frame(folder, name, error))
    return Images(frames, cameras, rejected)


def of_one_camera(images: Images) -> Images:
    """The images of the camera that took most of them; the other images are rejected.

    Raises:
        DataError: If none could be read, or no camera took more than half of them.
    """
    if not images.frames:
        first = f"; the first: {images.rejected[0].reason}" if images.rejected else ""
        raise DataError(f"none of {len(images.rejected)} images can be read{first}")
    counts = Counter(images.cameras.values())
    camera, most = counts.most_common(1)[0]
    if 2 * most <= len(images.cameras) and len(counts) > 1:
        raise DataError(
            f"the images, such as {next(iter(images.frames))}, have {len(counts)} different intrinsics, and so not "
            "one pose; put the images of each camera into a folder of its own"
        )
    frames = {name: frame for name, frame in images.frames.items() if images.cameras[name] == camera}
    others = [
        RejectedFrame(
            name,
            f"{name}: not of the camera of most images: {_described(other)}, not {_described(camera)}",
        )
        for name, other in images.cameras.items()
        if other != camera
    ]
    return Images(frames, dict.fromkeys(frames, camera), [*images.rejected, *others])


def _described(camera: PinholeCamera) -> str:
    return f"{camera.width}x{camera.height}, fx {camera.fx:.1f}, fy {camera.fy:.1f}"
