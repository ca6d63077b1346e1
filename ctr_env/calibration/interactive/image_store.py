"""Images taken so far with their joint angles, as a recording."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.image_file import read_image
from ctr_env.datasets.joint_table import read_joint_table
from ctr_env.errors import StorageError, UsageError
from ctr_env.runs.files import replacing, write_image
from ctr_env.runs.folder import RunFolder
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["ImageStore"]

_TABLE = "joints.csv"


class ImageStore:
    """A folder of images with a table ``joints.csv`` that names them, for a :class:`~ctr_env.Recording`.

    Attributes:
        folder: The folder.
        joints: ``(n,)`` joint positions of each image, rad, by its name.
    """

    def __init__(self, folder: Path, robot: RobotDescription, settings: Mapping[str, Any]) -> None:
        """Claim a folder and read what an earlier session left in it.

        Args:
            folder: The folder, made if it does not exist.
            robot: The robot in the images.
            settings: What all images have in common, such as the camera.

        Raises:
            RunFolderError: If the folder holds images with other settings.
            DataError: If its table cannot be read.
        """
        RunFolder(folder, "interactive capture", {"robot": robot.name, **settings})
        self.folder, self._robot = folder, robot
        self.joints: dict[str, NDArray[np.float64]] = {}
        if self.table.is_file():
            names = [file.name for file in folder.iterdir()]
            found = read_joint_table(self.table, robot, names)
            self.joints = dict(zip(found.names or [], found.positions, strict=True))

    @property
    def table(self) -> Path:
        """The table of joint angles."""
        return self.folder / _TABLE

    def add(self, image: NDArray[np.uint8], joint_positions: NDArray[np.float64]) -> str:
        """Keep an ``(H, W, 3)`` uint8 RGB image of ``(n,)`` joint positions (rad); its name.

        Raises:
            StorageError: If it cannot be written; what was kept before stays.
        """
        last = max((int(Path(name).stem) for name in self.joints), default=-1)
        name = f"{last + 1:06d}.png"
        joints = {**self.joints, name: joint_positions}
        with self._writing():
            write_image(self.folder / name, image)
            try:
                self._write_table(joints)
            except OSError:
                (self.folder / name).unlink()
                raise
        self.joints = joints
        return name

    def remove_last(self) -> str:
        """Delete the image taken last; its name.

        Raises:
            UsageError: If there is none.
            StorageError: If the table cannot be written.
        """
        if not self.joints:
            raise UsageError("there is no image to delete")
        *kept, name = self.joints
        joints = {each: self.joints[each] for each in kept}
        with self._writing():
            self._write_table(joints)
            (self.folder / name).unlink(missing_ok=True)
        self.joints = joints
        return name

    def read(self, name: str) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB of an image."""
        return read_image(self.folder / name)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(f"images cannot be kept in {self.folder}: {error}") from error

    def _write_table(self, joints: Mapping[str, NDArray[np.float64]]) -> None:
        if not joints:
            self.table.unlink(missing_ok=True)
            return
        with replacing(self.table) as scratch, scratch.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["image", *self._robot.arm_joints])
            writer.writerows([name, *positions.tolist()] for name, positions in joints.items())
