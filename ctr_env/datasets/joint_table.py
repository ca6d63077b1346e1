"""Joint angles beside images, as a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["JointTable", "read_joint_table"]

_NAMES = ("image", "file", "frame", "name")
_TIMES = ("time", "time_s")


class JointTable(NamedTuple):
    """Rows of a table.

    Attributes:
        names: The image of each row; ``None`` where rows belong to images by their order.
        positions: ``(N, n)`` arm joint positions, rad; NaN where a cell is not a finite number.
        times: ``(N,)`` when, seconds; NaN if the table does not say.
        problems: What is wrong with a row, by its number from 0.
    """

    names: list[str] | None
    positions: NDArray[np.float64]
    times: NDArray[np.float64]
    problems: dict[int, str]


def read_joint_table(file: Path, robot: RobotDescription) -> JointTable:
    """Read a CSV file with a column for each arm joint, in radians, named as the joint; a prefix ``robot/`` is ignored.

    A column ``time`` (or ``time_s``) has seconds. A column ``image`` (or ``file``, ``frame``, ``name``) says which
    image, or frame of a video, a row belongs to. Others are ignored.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no CSV file, a joint has no column or two, or a row names no image.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets put a mark before the first name
            rows = list(csv.reader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: not a CSV file in UTF-8: {error}") from error
    body = [(line, row) for line, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    if not body:
        raise ValueError(f"{file}: no rows; it should have a line of names and one line for each image")
    header = [cell.strip().rpartition("/")[2] for cell in rows[0]]
    missing = [joint for joint in robot.arm_joints if joint not in header]
    if missing:
        raise ValueError(f"{file}: no column {', '.join(missing)} (found: {', '.join(header)})")
    twice = [joint for joint in robot.arm_joints if header.count(joint) > 1]
    if twice:
        raise ValueError(f"{file}: two columns are called {twice[0]} (prefixes do not count); leave one robot's")
    columns = [header.index(joint) for joint in robot.arm_joints]
    positions = np.array([[_number(row, column) for column in columns] for _, row in body])
    problems: dict[int, str] = {}
    for i, j in np.argwhere(np.isnan(positions)).tolist():
        line, cells = body[i]
        cell = cells[columns[j]] if columns[j] < len(cells) else ""
        problems.setdefault(i, f"{file}: {header[columns[j]]} in line {line} is {cell!r}, not a finite number")
    label = next((header.index(name) for name in _NAMES if name in header), None)
    clock = next((header.index(name) for name in _TIMES if name in header), None)
    times = np.array([np.nan if clock is None else _number(row, clock) for _, row in body])
    if clock is not None:
        for i in np.flatnonzero(np.isnan(times)).tolist():
            problems.setdefault(i, f"{file}: {header[clock]} in line {body[i][0]} is not a finite number")
    return JointTable(None if label is None else _names(body, label, file), positions, times, problems)


def _names(body: list[tuple[int, list[str]]], column: int, file: Path) -> list[str]:
    names = []
    for line, row in body:
        names.append(row[column].strip() if column < len(row) else "")
        if not names[-1]:
            raise ValueError(f"{file}: line {line} names no image")
    return names


def _number(row: list[str], column: int) -> float:
    """A cell's number; NaN if it is not a finite one."""
    try:
        value = float(row[column])
    except (ValueError, IndexError):
        return np.nan
    return value if np.isfinite(value) else np.nan
