"""Taking the images of a recording with a camera of this computer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, UsageError
from ctr_env.geometry import PinholeCamera
from ctr_env.runs.files import write_image
from ctr_env.runs.folder import RunFolder
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .image_size import camera_of_size
from .joint_limits import require_joints
from .joint_table import read_joint_table
from .live_camera import LiveCamera

__all__ = ["capture"]


def capture(
    index: int,
    joints: Path,
    camera: PinholeCamera,
    kinematics: RobotKinematics,
    folder: Path,
    wait: Callable[[str], object] = input,
    joint_names: Mapping[str, str] | None = None,
) -> Path:
    """Take one image for each row of a table of joint angles, when the robot stands there.

    Images that an interrupted call left are not taken again.

    Args:
        index: Number of the camera, as OpenCV counts.
        joints: CSV file (see :func:`~.joint_table.read_joint_table`); its rows must not name images.
        camera: Its intrinsics; images of that size are requested from it.
        kinematics: The robot that moves to the rows' joint angles.
        folder: Folder of the images: ``000000.png`` and so on.
        wait: Called with an instruction before each image, returns when it has been followed: a prompt for the Enter
            key.
        joint_names: Names of joints in the table to those of the robot.

    Returns:
        The folder, for a :class:`~.recording.Recording`.

    Raises:
        MissingFileError: If there is no such table.
        DataError: If the table cannot be understood, names images, or has joint angles beyond the robot's limits; or
            if the camera gives no images, or those of another shape.
        RunFolderError: If the folder holds images of another camera or table.
        UsageError: If there is no keyboard for the prompt.
    """
    positions = _targets(joints, kinematics, joint_names)
    claim = partial(RunFolder, folder, "capture", {"camera": index, "joints": positions.tolist()})
    files = [folder / f"{i:06d}.png" for i in range(len(positions))]
    missing = [i for i, file in enumerate(files) if not file.is_file()]
    if len(missing) < len(files):
        claim()
    if not missing:
        return folder
    with LiveCamera(index, camera) as source:
        for i in missing:
            angles = ", ".join(f"{q:.3f}" for q in positions[i])
            _confirm(wait, f"image {i + 1} of {len(files)}: move the robot to ({angles}) rad, let it rest, ")
            image = source.newest()
            camera_of_size(camera, image.shape[1], image.shape[0])
            claim()  # only now: a camera that gives no images leaves the folder to the right one
            write_image(files[i], image)
    return folder


def _confirm(wait: Callable[[str], object], instruction: str) -> None:
    try:
        wait(f"{instruction}then press Enter ")
    except EOFError as error:
        raise UsageError(
            "there is no keyboard to confirm that the robot has arrived: run this in a terminal"
        ) from error


def _targets(joints: Path, kinematics: RobotKinematics, joint_names: Mapping[str, str] | None) -> NDArray[np.float64]:
    """``(N, n)`` joint positions of the rows, rad, all of which the robot can take."""
    table = read_joint_table(joints, kinematics.robot, joint_names=joint_names)
    if table.names is not None:
        raise DataError(f"{joints}: its rows name images, which a camera has yet to take; leave that column out")
    if table.problems:
        raise DataError(next(iter(table.problems.values())))
    for number, positions in enumerate(table.positions, 1):
        try:
            require_joints(kinematics, positions)
        except DataError as error:
            raise DataError(f"{joints}, row {number}: {error}") from error
    return table.positions
