"""Taking the pictures of a recording with a camera of this computer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env._files import write_picture
from ctr_env.scenes.robots import RobotDescription

from .joint_table import read_joint_table

__all__ = ["capture"]

_STALE = 5  # pictures that a driver may have kept from before


def capture(
    index: int, joints: Path, robot: RobotDescription, folder: Path, wait: Callable[[str], object] = input
) -> Path:
    """Take one picture for each row of a table of joint angles, when the robot stands there.

    Pictures that are there already are not taken again.

    Args:
        index: Number of the camera, as OpenCV counts.
        joints: CSV file (see :func:`~.joint_table.read_joint_table`); its rows must not name pictures.
        robot: Whose joints they are.
        folder: Where the pictures go: ``000000.png`` and so on.
        wait: Told what to do, comes back when it is done: a prompt for the Enter key.

    Returns:
        The folder, for a :class:`~.recording.Recording`.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If the table cannot be understood or names pictures, or the camera gives none.
    """
    table = read_joint_table(joints, robot)
    if table.names is not None:
        raise ValueError(f"{joints}: its rows name pictures, which a camera has yet to take; leave that column out")
    files = [folder / f"{i:06d}.png" for i in range(len(table.positions))]
    missing = [i for i, file in enumerate(files) if not file.is_file()]
    if not missing:
        return folder
    camera = cv2.VideoCapture(index)
    try:
        if not camera.isOpened():
            raise ValueError(f"camera {index} does not open; valid are the numbers of cameras that are plugged in")
        for i in missing:
            place = ", ".join(f"{q:.3f}" for q in table.positions[i])
            wait(f"picture {i + 1} of {len(files)}: put the robot to ({place}) rad and let it rest, then press Enter ")
            write_picture(files[i], _fresh(camera, index))
    finally:
        camera.release()
    return folder


def _fresh(camera: cv2.VideoCapture, index: int) -> NDArray[np.uint8]:
    for _ in range(_STALE):
        camera.grab()
    there, picture = camera.read()
    if not there:
        raise ValueError(f"camera {index} gives no picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
