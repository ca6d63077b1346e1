"""A calibration board on a link of the robot, as a file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError, DataError, MissingFileError

__all__ = ["MountedBoard", "read_board_file"]

_TYPES: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(("columns", "rows", "first_marker"), (int, "a whole number")),
    **dict.fromkeys(("square_m", "marker_m"), (int | float, "a number")),
    **dict.fromkeys(("dictionary", "link"), (str, "text")),
    "legacy_pattern": (bool, "true or false"),
}
_DICTIONARIES = tuple(name for name in dir(cv2.aruco) if name.startswith("DICT_"))


@dataclass(frozen=True, kw_only=True)
class MountedBoard:
    """A ChArUco board that is fixed to a link, at a pose that need not be known.

    Its frame is that of OpenCV's ``CharucoBoard``: the origin is the pattern's upper left corner, x points right, y
    down, and z into the board.

    Raises:
        ConfigurationError: If a value is out of range.
    """

    columns: int
    """Number of squares in a row."""
    rows: int
    """Number of squares in a column."""
    square_m: float
    """Side of a square as printed, metres."""
    marker_m: float
    """Side of a marker, metres."""
    dictionary: str
    """OpenCV's name of the marker dictionary, such as ``DICT_4X4_50``."""
    link: str = ""
    """Link that carries the board, as in the URDF; empty: the end effector's."""
    first_marker: int = 0
    """Number of the first marker; the others follow it."""
    legacy_pattern: bool = False
    """Whether the pattern is that of OpenCV before 4.6, which begins with a black square even if ``rows`` is even."""

    def __post_init__(self) -> None:
        """Check every value."""
        for name, (kind, words) in _TYPES.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise ConfigurationError(f"{name} of a board must be {words}, not {value!r}")
        for name in ("columns", "rows"):
            if not 2 <= getattr(self, name) <= 100:
                raise ConfigurationError(f"{name} of a board must lie in [2, 100], not {getattr(self, name)}")
        if not 1e-3 <= self.square_m <= 1.0:
            raise ConfigurationError(f"square_m of a board must lie in [0.001, 1] metres, not {self.square_m!r}")
        if not 0.1 * self.square_m <= self.marker_m < self.square_m:
            raise ConfigurationError(
                f"marker_m of a board must be smaller than square_m ({self.square_m}) and at least a tenth of it, "
                f"not {self.marker_m!r}"
            )
        if self.dictionary not in _DICTIONARIES:
            raise ConfigurationError(
                f"dictionary of a board is {self.dictionary!r}; valid names: {', '.join(_DICTIONARIES)}"
            )
        size, needed = len(self._markers.bytesList), self.columns * self.rows // 2
        if not 0 <= self.first_marker <= size - needed:
            raise ConfigurationError(
                f"a board of {self.columns} x {self.rows} squares has {needed} markers; {self.dictionary} has {size}, "
                f"so first_marker {self.first_marker} is not possible"
            )

    @property
    def _markers(self) -> cv2.aruco.Dictionary:
        return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))

    @property
    def pattern(self) -> cv2.aruco.CharucoBoard:
        """OpenCV's board object."""
        ids = np.arange(self.columns * self.rows // 2) + self.first_marker
        pattern = cv2.aruco.CharucoBoard((self.columns, self.rows), self.square_m, self.marker_m, self._markers, ids)
        pattern.setLegacyPattern(self.legacy_pattern)
        return pattern

    @property
    def corners(self) -> NDArray[np.float64]:
        """``(N, 3)`` chessboard corners in the board's frame, metres, in OpenCV's order."""
        return np.asarray(self.pattern.getChessboardCorners(), dtype=float)


def read_board_file(file: str | Path) -> MountedBoard:
    """A board from a YAML or JSON file with the fields of :class:`MountedBoard`.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not YAML, or a field is missing, unknown or out of range.
    """
    file = Path(file)
    if not file.is_file():
        raise MissingFileError(f"no such board file: {file}")
    try:
        data: Any = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not YAML: {error}") from error
    names = [each.name for each in fields(MountedBoard)]
    if not isinstance(data, Mapping):
        raise DataError(f"{file}: no board in it; it has the fields {', '.join(names)}")
    if unknown := [str(name) for name in data if name not in names]:
        raise DataError(f"{file}: unknown field {unknown[0]!r}; valid names: {', '.join(names)}")
    required = ("columns", "rows", "square_m", "marker_m", "dictionary")
    if missing := [name for name in required if name not in data]:
        raise DataError(f"{file}: {', '.join(missing)} of the board is missing")
    try:
        return MountedBoard(**data)
    except ConfigurationError as error:
        raise DataError(f"{file}: {error}") from error
