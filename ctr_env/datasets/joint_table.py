"""Joint angles beside images, as a table."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, MissingFileError
from ctr_env.scenes.robots.description import RobotDescription

from .image_column import find_image_column, image_names
from .joint_columns import joint_columns
from .time_stamps import seconds

__all__ = ["JointTable", "read_joint_table"]

_TIMES = ("time", "time_s", "t", "%time", "timestamp", "time_stamp", "timestamps", "stamp")
_PARTS = (("sec", "nanosec"), ("secs", "nsecs"))  # columns of a ROS stamp


class JointTable(NamedTuple):
    """Rows of a table.

    Attributes:
        names: The image of each row; ``None`` where rows belong to images by their order or time.
        positions: ``(N, n)`` arm joint positions, rad; NaN where a cell is not a finite number.
        times: ``(N,)`` when, seconds; NaN if the table does not say.
        problems: What is wrong with a row, by its number from 0.
    """

    names: list[str] | None
    positions: NDArray[np.float64]
    times: NDArray[np.float64]
    problems: dict[int, str]


class _Row(NamedTuple):
    """A row with its line in the file, counted from 1."""

    line: int
    cells: list[str]


def read_joint_table(
    file: Path,
    robot: RobotDescription,
    images: Collection[str] = (),
    joint_names: Mapping[str, str] | None = None,
) -> JointTable:
    """Read a CSV file with a column for each arm joint, in radians (see :func:`~.joint_columns.joint_columns`).

    A column whose cells name images, or one called ``image``, ``file``, ``filename``, ``frame`` or the like, says which
    image, or frame of a video, a row belongs to. A column ``time``, ``timestamp`` or the like has times (see
    :func:`~.time_stamps.seconds`). Other columns are ignored.

    Args:
        file: The table.
        robot: The robot whose joints it has.
        images: Names of the image files that rows may name; empty for a video.
        joint_names: Names of joints in the table to those of the robot (see :func:`~.joint_columns.joint_columns`).

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is no CSV file, a joint has no column or two, or a row names no image.
    """
    header, rows = _read(file)
    cells = [row.cells for row in rows]
    try:
        joints = joint_columns(header, cells[0], robot, joint_names)
        clocks = _time_columns(header)
        label = find_image_column(header, cells, images, {*joints, *clocks})
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    positions = _numbers(cells, joints)
    stamps = _numbers(cells, clocks)
    times = (
        stamps @ (1.0, 1e-9) if len(clocks) == 2 else seconds(stamps[:, 0]) if clocks else np.full(len(rows), np.nan)
    )
    problems: dict[int, str] = {}
    for column, values in [*zip(joints, positions.T, strict=True), *zip(clocks, stamps.T, strict=True)]:
        for i in np.flatnonzero(np.isnan(values)).tolist():
            cell = cells[i][column] if column < len(cells[i]) else ""
            problem = f"{file}: {header[column]} in line {rows[i].line} is {cell!r}, not a finite number"
            problems.setdefault(i, problem)
    names = None if label is None else image_names(_labels(rows, label, file), images)
    return JointTable(names, positions, times, problems)


def _read(file: Path) -> tuple[list[str], list[_Row]]:
    """Header and rows that are not empty."""
    if not file.is_file():
        raise MissingFileError(f"no such table of joint angles: {file}")
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets put a mark before the first name
            rows = list(csv.reader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file}: not a CSV file in UTF-8: {error}") from error
    body = [_Row(line, row) for line, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    if not body:
        raise DataError(f"{file}: no rows; it should have a line of names and one line for each image")
    return [cell.strip() for cell in rows[0]], body


def _time_columns(header: Sequence[str]) -> list[int]:
    """The column of times, or the two of seconds and nanoseconds; empty if there is none."""
    last = [re.split(r"[/.]", cell.lower())[-1] for cell in header]
    for names in _PARTS:
        if all(name in last for name in names):
            return [last.index(name) for name in names]
    return next(([last.index(name)] for name in _TIMES if name in last), [])


def _labels(rows: Sequence[_Row], column: int, file: Path) -> list[str]:
    names = []
    for row in rows:
        names.append(row.cells[column].strip() if column < len(row.cells) else "")
        if not names[-1]:
            raise DataError(f"{file}: line {row.line} names no image")
    return names


def _numbers(cells: Sequence[Sequence[str]], columns: Sequence[int]) -> NDArray[np.float64]:
    """``(N, C)`` numbers in some columns; NaN where a cell is not a finite number."""
    return np.array([[_number(row, column) for column in columns] for row in cells]).reshape(len(cells), len(columns))


def _number(row: Sequence[str], column: int) -> float:
    try:
        value = float(row[column])
    except (ValueError, IndexError):
        return np.nan
    return value if np.isfinite(value) else np.nan
