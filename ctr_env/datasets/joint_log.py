"""A table of joint angles that another program appends to, read at its end."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .joint_columns import joint_columns
from .joint_limits import require_joints

__all__ = ["JointLog", "JointReading"]

_TAIL = 1 << 16  # bytes at the end that the last rows lie in


class JointReading(NamedTuple):
    """The last row of a log.

    Attributes:
        positions: ``(n,)`` arm joint positions, rad.
        age_s: Time since the file was written to, seconds.
    """

    positions: NDArray[np.float64]
    age_s: float


class JointLog:
    """The last complete row of a CSV file with the columns of :func:`~.joint_table.read_joint_table`.

    A row is complete when its line has ended, so that a row that is being written is not read.
    """

    def __init__(self, file: Path, kinematics: RobotKinematics, joint_names: Mapping[str, str] | None = None) -> None:
        """Name a log, which must exist when it is read first.

        Args:
            file: The table.
            kinematics: The robot whose joints it has.
            joint_names: Names of joints in the table to those of the robot.
        """
        self.file, self._kinematics, self._names = file, kinematics, joint_names

    def newest(self) -> JointReading:
        """The last complete row.

        Raises:
            MissingFileError: If there is no such file.
            DataError: If the file has no complete row, or that row no joint angles that the robot can take.
        """
        header, row = self._last_row()
        try:
            columns = joint_columns(header, row, self._kinematics.robot, self._names)
            positions = np.array([_number(header, row, column) for column in columns])
            age_s = max(0.0, time.time() - self.file.stat().st_mtime)
            return JointReading(require_joints(self._kinematics, positions), age_s)
        except DataError as error:
            raise DataError(f"{self.file}, last row: {error}") from error

    def _last_row(self) -> tuple[list[str], list[str]]:
        if not self.file.is_file():
            raise MissingFileError(f"no such log of joint angles: {self.file}")
        with self.file.open("rb") as stream:
            first = stream.readline()
            start = stream.tell()
            end = stream.seek(0, 2)
            stream.seek(max(start, end - _TAIL))
            body = stream.read()
        lines = [line for line in body[: body.rfind(b"\n") + 1].splitlines() if line.strip()]
        if not lines:
            raise DataError(f"{self.file}: no complete row; it should have a line of names and one for each reading")
        try:
            texts = [first.decode("utf-8-sig"), lines[-1].decode()]
        except UnicodeDecodeError as error:
            raise DataError(f"{self.file}: not a CSV file in UTF-8: {error}") from error
        header, row = csv.reader(texts)
        return [cell.strip() for cell in header], row


def _number(header: list[str], row: list[str], column: int) -> float:
    cell = row[column] if column < len(row) else ""
    try:
        return float(cell)
    except ValueError as error:
        raise DataError(f"{header[column]} is {cell!r}, not a number") from error
