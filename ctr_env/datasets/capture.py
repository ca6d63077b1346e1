"""Taking the images of a recording with a camera of this computer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.runs.files import write_image, write_json
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .image_size import camera_of_size
from .joint_limits import require_joints
from .joint_table import read_joint_table

__all__ = ["capture"]

_STALE = 5  # images that a driver may have kept from before


def capture(
    index: int,
    joints: Path,
    camera: PinholeCamera,
    kinematics: RobotKinematics,
    folder: Path,
    wait: Callable[[str], object] = input,
) -> Path:
    """Take one image for each row of a table of joint angles, when the robot stands there.

    Images that an interrupted call left are not taken again.

    Args:
        index: Number of the camera, as OpenCV counts.
        joints: CSV file (see :func:`~.joint_table.read_joint_table`); its rows must not name images.
        camera: Its intrinsics; it is asked for images of that size.
        kinematics: The robot that is told to go there.
        folder: Where the images go: ``000000.png`` and so on.
        wait: Told what to do, comes back when it is done: a prompt for the Enter key.

    Returns:
        The folder, for a :class:`~.recording.Recording`.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If the table cannot be understood, names images, or has joint configurations that the robot cannot take; the
            folder holds images of another camera or table, the camera gives no images or those of another shape, or
            nobody can be asked.
    """
    table = read_joint_table(joints, kinematics.robot)
    if table.names is not None:
        raise ValueError(f"{joints}: its rows name images, which a camera has yet to take; leave that column out")
    if table.problems:
        raise ValueError(next(iter(table.problems.values())))
    for number, positions in enumerate(table.positions, 1):
        try:
            require_joints(kinematics, positions)
        except ValueError as error:
            raise ValueError(f"{joints}, joint configuration {number}: {error}") from error
    settings, record = {"camera": index, "joints": table.positions.tolist()}, folder / "capture.json"
    if record.is_file() and json.loads(record.read_text()) != settings:
        raise ValueError(f"{folder} holds images of another camera or table of joints; delete it, or give another")
    files = [folder / f"{i:06d}.png" for i in range(len(table.positions))]
    missing = [i for i, file in enumerate(files) if not file.is_file()]
    if not missing:
        return folder
    source = cv2.VideoCapture(index)
    try:
        if not source.isOpened():
            raise ValueError(f"camera {index} does not open; valid are the numbers of cameras that are plugged in")
        source.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        source.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
        for i in missing:
            place = ", ".join(f"{q:.3f}" for q in table.positions[i])
            wait(f"image {i + 1} of {len(files)}: put the robot to ({place}) rad and let it rest, then press Enter ")
            image = _fresh(source, index)
            camera_of_size(camera, image.shape[1], image.shape[0])
            write_json(record, settings)
            write_image(files[i], image)
    except EOFError as error:
        raise ValueError("there is no keyboard to say when the robot has arrived: run this in a terminal") from error
    finally:
        source.release()
    return folder


def _fresh(source: cv2.VideoCapture, index: int) -> NDArray[np.uint8]:
    for _ in range(_STALE):
        source.grab()
    there, image = source.read()
    if not there:
        raise ValueError(f"camera {index} gives no image")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
