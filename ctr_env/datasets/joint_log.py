"""A table of joint angles that another program appends to, read at its end."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError, UsageError
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .joint_columns import joint_columns
from .joint_limits import require_joints

__all__ = ["JointLog", "JointReading"]

_TAIL = 1 << 16  # bytes at the end that the last rows lie in
_POLL_S = 0.02


class JointReading(NamedTuple):
    """The last row of a log.

    Attributes:
        positions: ``(n,)`` arm joint positions, rad.
        age_s: Time since the file was written to, seconds.
        end: Bytes of the file up to the end of the row, which tell rows apart.
    """

    positions: NDArray[np.float64]
    age_s: float
    end: int = 0


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
        if not self.file.is_file():
            raise MissingFileError(f"no such log of joint angles: {self.file}")
        try:
            lines = self._lines()
        except OSError as error:
            raise DataError(f"{self.file} cannot be read: {error}") from error
        if lines is None:
            raise DataError(f"{self.file}: no complete row; it should have a line of names and one for each reading")
        header, row = self._cells(lines)
        try:
            columns = joint_columns(header, row, self._kinematics.robot, self._names)
            positions = np.array([_number(header, row, column) for column in columns])
            return JointReading(require_joints(self._kinematics, positions), lines.age_s, lines.end)
        except DataError as error:
            raise DataError(f"{self.file}, last row: {error}") from error

    def next(self, timeout_s: float) -> JointReading:
        """A row that is written from now on.

        Args:
            timeout_s: How long to wait for it, seconds.

        Raises:
            UsageError: If none comes.
            MissingFileError: If there is no such file.
            DataError: If a row cannot be used.
        """
        end, present = time.monotonic() + timeout_s, self.newest()
        while (reading := self.newest()).end == present.end:
            if time.monotonic() > end:
                raise UsageError(
                    f"{self.file} was last written {reading.age_s:.1f} s ago; the log must go on while images are taken"
                )
            time.sleep(_POLL_S)
        return reading

    def _lines(self) -> _Lines | None:
        """The first line and the last complete one after it; ``None`` if there is none."""
        with self.file.open("rb") as stream:
            age_s = max(0.0, time.time() - os.fstat(stream.fileno()).st_mtime)
            first = stream.readline()
            start = stream.tell()
            end = stream.seek(0, 2)
            start = stream.seek(max(start, end - _TAIL))
            body = stream.read()
        body = body[: body.rfind(b"\n") + 1]
        lines = [line for line in body.split(b"\n") if line.strip()]
        return _Lines(first, lines[-1], start + len(body), age_s) if lines else None

    def _cells(self, lines: _Lines) -> tuple[list[str], list[str]]:
        """Cells of the header and of the last row."""
        try:
            found = list(csv.reader([lines.header.decode("utf-8-sig"), lines.row.decode()]))
            if len(found) != 2:
                raise ValueError("a quotation mark in the first line is not closed")
        except (csv.Error, ValueError) as error:
            raise DataError(f"{self.file}: not a CSV file in UTF-8: {error}") from error
        header, row = found
        return [cell.strip() for cell in header], row


class _Lines(NamedTuple):
    header: bytes
    row: bytes
    end: int
    age_s: float


def _number(header: list[str], row: list[str], column: int) -> float:
    cell = row[column] if column < len(row) else ""
    try:
        return float(cell)
    except ValueError as error:
        raise DataError(f"{header[column]} is {cell!r}, not a number") from error
