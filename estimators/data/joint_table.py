"""Joint angles beside pictures, as a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots import RobotDescription

__all__ = ["JointTable", "read_joint_table"]

_NAMES = ("image", "file", "frame", "name")


class JointTable(NamedTuple):
    """Rows of a table.

    Attributes:
        names: The picture of each row; ``None`` where rows belong to pictures by their order.
        positions: ``(N, n)`` arm joint positions, rad.
    """

    names: list[str] | None
    positions: NDArray[np.float64]


def read_joint_table(file: Path, robot: RobotDescription) -> JointTable:
    """Read a CSV file with a column for each arm joint, in radians, named as the joint; a prefix ``robot/`` is ignored.

    A column ``image`` (or ``file``, ``frame``, ``name``) says which picture a row belongs to; others are ignored.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a joint has no column, or a cell is not a finite number; the message names it.
    """
    with file.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets put a mark before the first name
        rows = list(csv.reader(stream))
    if len(rows) < 2:
        raise ValueError(f"{file}: no rows; it should have a line of names and one line for each picture")
    header = [cell.strip().rpartition("/")[2] for cell in rows[0]]
    missing = [joint for joint in robot.arm_joints if joint not in header]
    if missing:
        raise ValueError(f"{file}: no column {', '.join(missing)} (found: {', '.join(header)})")
    columns = [header.index(joint) for joint in robot.arm_joints]
    body = [(line, row) for line, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    positions = np.array([[_number(row, c, file, line, header) for c in columns] for line, row in body])
    label = next((header.index(name) for name in _NAMES if name in header), None)
    return JointTable(None if label is None else [_name(row, label, file, line) for line, row in body], positions)


def _name(row: list[str], column: int, file: Path, line: int) -> str:
    cell = row[column].strip() if column < len(row) else ""
    if not cell:
        raise ValueError(f"{file}: line {line} names no picture")
    return cell


def _number(row: list[str], column: int, file: Path, line: int, header: list[str]) -> float:
    cell = row[column] if column < len(row) else ""
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{file}: {header[column]} in line {line} is {cell!r}, not a finite number")
    return value
