"""Reading robot descriptions from YAML and JSON files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from ctr_env.errors import DataError, MissingFileError

from .description import RobotDescription

__all__ = ["read_robot"]


def read_robot(file: Path) -> RobotDescription:
    """Read a YAML or JSON file whose entries are the fields of :class:`~.description.RobotDescription`.

    ``urdf`` and ``srdf`` are searched beside the file, then below the ``robots`` folder of ``example-robot-data``.

    Raises:
        MissingFileError: If the file does not exist.
        DataError: If it is not a mapping, lacks a field or has an unknown one (the message lists the valid ones), or a
            field has an invalid value.
    """
    if not file.is_file():
        raise MissingFileError(f"no robot file {file}")
    try:
        data = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise DataError(f"{file}: not YAML or JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise DataError(f"{file}: must be a mapping of a robot's fields, not {type(data).__name__}")
    known = {field.name: field for field in fields(RobotDescription)}
    needed = [name for name, field in known.items() if field.default is MISSING and field.default_factory is MISSING]
    unknown = [str(name) for name in data if name not in known]
    missing = [name for name in needed if name not in data]
    if unknown or missing:
        told = [f"unknown {', '.join(unknown)}"] * bool(unknown) + [f"no {', '.join(missing)}"] * bool(missing)
        raise DataError(f"{file}: {'; '.join(told)}; valid names: {', '.join(known)}")
    try:
        return RobotDescription(**{name: _value(name, value, file) for name, value in data.items()})
    except (TypeError, ValueError) as error:
        raise DataError(f"{file}: {error}") from error


def _value(name: str, value: Any, file: Path) -> Any:
    if name in ("urdf", "srdf") and value is not None:
        beside = (file.parent / str(value)).resolve()
        return str(beside) if beside.is_file() else str(value)
    return tuple(value) if isinstance(value, list) else value
