"""Which joint angles belong to which image: by the images' names, by time, or by order."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError, DataWarning, MissingFileError

from .image_sequence import ImageFolder, ImageSequence, VideoFrames
from .joint_table import JointTable
from .time_stamps import MAX_GAP_S, interpolated, interpolated_velocities, read_times_file, times_in_names

__all__ = ["Association", "associate"]

_TIMES_FILES = ("times.csv", "times.txt", "timestamps.csv", "timestamps.txt")
_COVERED = 0.9  # share of a table's time span that whole numbers in names must cover to be seconds


class Association(NamedTuple):
    """Joint angles of images.

    Attributes:
        names: Names of the images, in the order of the table or of time, then those without joint positions.
        positions: Their ``(n,)`` joint positions, rad.
        times: When they were taken, seconds; NaN if unknown.
        problems: Why an image has no joint positions.
        by: ``"name"``, ``"time"`` or ``"order"``.
        velocities: Their ``(n,)`` joint velocities, rad/s, where rows around the images' times tell.
    """

    names: list[str]
    positions: dict[str, NDArray[np.float64]]
    times: dict[str, float]
    problems: dict[str, str]
    by: str
    velocities: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


def associate(images: ImageSequence, table: JointTable, file: Path) -> Association:
    """Joint angles of a folder's or video's images.

    Rows that name images belong to these. Otherwise rows and images that both have times are associated by time: joint
    angles are interpolated between rows at most 0.1 s apart. Images have times if their names end with time stamps, if
    a file ``times.csv`` or ``timestamps.txt`` (or the like) lies in or beside their folder, or, in a video that starts
    with the table, by its frame rate. Otherwise rows belong to images in order.

    Args:
        images: The images.
        table: The table.
        file: Its file, for messages.

    Raises:
        MissingFileError: If none of the images that the table names is there.
        DataError: If two rows name one image, or there is not a row for each image and no time either.
    """
    if table.names is not None:
        return _by_name(images, table, table.names, file)
    known = np.isfinite(table.times)
    times = _image_times(images, table) if known.any() else None
    if times is not None:
        return _by_time(images, table, times, file)
    if len(images.names) != len(table.positions):
        raise DataError(
            f"{file} has {len(table.positions)} rows, {images.path} has {len(images.names)} images, and not both have "
            "times: rows belong to images by a column of their names, by time (a column time, and names that end with "
            "time stamps or a file times.csv beside the images), or in order"
        )
    return _of_rows(images.names, table, "order")


def _by_name(images: ImageSequence, table: JointTable, rows: Sequence[str], file: Path) -> Association:
    try:
        chosen = [VideoFrames.named(row) for row in rows] if isinstance(images, VideoFrames) else list(rows)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    twice = next((name for i, name in enumerate(chosen) if name in chosen[:i]), None)
    if twice is not None:
        raise DataError(f"{file}: two rows name image {twice!r}")
    there = set(images.names)
    if not there & set(chosen):
        raise MissingFileError(f"none of the images that {file} names is in {images.path}: {rows[0]}")
    found = _of_rows(chosen, table, "name")
    if isinstance(images, VideoFrames):
        return found
    missing = {name: f"{file}: no image {name!r} in {images.path}" for name in chosen if name not in there}
    left = {name: f"{images.file(name)}: no row of {file} names it" for name in images.names if name not in set(chosen)}
    return found._replace(names=[*chosen, *left], problems=missing | found.problems | left)


def _of_rows(names: Sequence[str], table: JointTable, by: str) -> Association:
    """The n-th row belongs to the n-th name."""
    return Association(
        list(names),
        dict(zip(names, table.positions, strict=True)),
        dict(zip(names, table.times.tolist(), strict=True)),
        {names[i]: problem for i, problem in table.problems.items()},
        by,
    )


def _by_time(images: ImageSequence, table: JointTable, times: NDArray[np.float64], file: Path) -> Association:
    usable = np.isfinite(table.times) & np.isfinite(table.positions).all(axis=1)
    if not usable.any():
        raise DataError(f"{file}: no row has a time and all joint angles")
    row_times = table.times[usable]
    positions = interpolated(times, row_times, table.positions[usable])
    span = f"rows cover {row_times.min():.3f} to {row_times.max():.3f} s"
    order = np.argsort(times, kind="stable")  # NaN last
    names, times, positions = [images.names[i] for i in order], times[order], positions[order]
    problems = {}
    for name, time_s, found in zip(names, times, positions, strict=True):
        if np.isnan(time_s):
            problems[name] = f"{images.file(name)}: no time of this image"
        elif np.isnan(found).any():
            problems[name] = (
                f"{file}: no joint angles at the time of {name}, {time_s:.3f} s ({span}; rows may be at most "
                f"{MAX_GAP_S:g} s apart)"
            )
    velocities = interpolated_velocities(times, row_times, table.positions[usable])
    return Association(
        names,
        dict(zip(names, positions, strict=True)),
        dict(zip(names, times.tolist(), strict=True)),
        problems,
        "time",
        {name: found for name, found in zip(names, velocities, strict=True) if np.isfinite(found).all()},
    )


def _image_times(images: ImageSequence, table: JointTable) -> NDArray[np.float64] | None:
    """``(N,)`` times of the images on the table's clock, seconds; ``None`` if they are unknown."""
    if isinstance(images, ImageFolder):
        for folder in (images.path, images.path.parent):
            for name in _TIMES_FILES:
                if (folder / name).is_file():
                    return read_times_file(folder / name, images.names)
    found = times_in_names(images.names)
    if found is not None or len(images.names) == len(table.positions):
        return found
    return _assumed_times(images, table)


def _assumed_times(images: ImageSequence, table: JointTable) -> NDArray[np.float64] | None:
    """Times of a video that starts with the table, or of images that are numbered by whole seconds."""
    start, end = float(np.nanmin(table.times)), float(np.nanmax(table.times))
    if isinstance(images, VideoFrames):
        if images.rate <= 0.0:
            return None
        _assume(f"{images.path}: the video is assumed to start with the table, at {start:g} s")
        return start + np.arange(len(images.names)) / images.rate
    stems = [Path(name).stem for name in images.names]
    if not stems or not all(stem.isdecimal() for stem in stems):
        return None
    times = np.array(stems, dtype=float)
    if times.min() < start or times.max() > end or np.ptp(times) < _COVERED * (end - start):
        return None
    _assume(f"{images.path}: numbers in the names of images are assumed to be seconds, as they cover the table's times")
    return times


def _assume(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=5)
