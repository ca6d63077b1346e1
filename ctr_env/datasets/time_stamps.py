"""Times of table rows and images, and joint angles at the time of an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError

__all__ = ["MAX_GAP_S", "interpolated", "interpolated_velocities", "read_times_file", "seconds", "times_in_names"]

MAX_GAP_S = 0.1
"""Rows of a table may be this far apart, seconds, for joint angles to be interpolated between them."""

_STAMP = re.compile(r"(?:.*[_-])?([1-9]\d{8,}|\d+\.\d+)")  # counters have fewer digits, or zeros before them
_UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))  # stamps since 1970 beyond these are in ns, us, ms


def seconds(stamps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Time stamps in seconds; those since 1970 may be in milli-, micro- or nanoseconds, as their size tells."""
    largest = float(np.nanmax(np.abs(stamps), initial=0.0))
    return np.asarray(stamps * next((unit for beyond, unit in _UNITS if largest > beyond), 1.0))


def times_in_names(names: Sequence[str]) -> NDArray[np.float64] | None:
    """Seconds that the names of all images end with (``1700000000.25.png``, ``rgb_1700000000250000000.png``).

    Numbers with fewer than nine digits, or with zeros before them, are counters: ``None`` then.
    """
    found = [_STAMP.fullmatch(Path(name).stem) for name in names]
    if not found or not all(found):
        return None
    return seconds(np.array([float(match[1]) for match in found if match]))


def read_times_file(file: Path, names: Sequence[str]) -> NDArray[np.float64]:
    """``(N,)`` times of images, seconds; NaN for images that the file does not name.

    A line has an image's name and its time in either order, separated by a comma or space, or only the time of the next
    image. Other lines, such as a header, are ignored.

    Raises:
        DataError: If no line names an image, and there is not a time for each of them.
    """
    known = {key: i for i, name in enumerate(names) for key in (name, Path(name).stem)}
    times, unnamed = np.full(len(names), np.nan), []
    for line in file.read_text().splitlines():
        words = [word.strip("\"' ") for word in re.split(r"[,;\s]+", line.strip()) if word]
        index = next((known[Path(word).name] for word in words if Path(word).name in known), None)
        numbers = [float(word) for word in words if _is_number(word) and Path(word).name not in known]
        if index is not None and numbers:
            times[index] = numbers[0]
        elif len(words) == 1 and numbers:
            unnamed.append(numbers[0])
    if np.isnan(times).all():
        if len(unnamed) != len(names):
            raise DataError(
                f"{file}: no line has an image's name and its time, and {len(unnamed)} times are not {len(names)}"
            )
        times = np.array(unnamed)
    return seconds(times)


def interpolated(
    times: NDArray[np.float64], row_times: NDArray[np.float64], positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Joint positions at the times of images, linear between the rows before and after.

    Args:
        times: ``(N,)`` times of the images, seconds; NaN is allowed.
        row_times: ``(R,)`` times of the rows, seconds, in any order.
        positions: ``(R, n)`` joint positions of the rows, rad.

    Returns:
        ``(N, n)`` rad; NaN where an image has no row within half of :data:`MAX_GAP_S` and the rows around it are
        farther apart than :data:`MAX_GAP_S`.
    """
    row_times, first = np.unique(row_times, return_index=True)
    positions = positions[first]
    after = np.clip(np.searchsorted(row_times, times), 1, max(len(row_times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(row_times) - 1)
    gap = row_times[after] - row_times[before]
    share = np.divide(times - row_times[before], gap, out=np.full_like(times, np.nan), where=gap > 0.0)
    between = positions[before] + np.clip(share, 0.0, 1.0)[:, None] * (positions[after] - positions[before])
    nearest = np.where(share > 0.5, after, before)
    near = np.abs(row_times[nearest] - times) <= 0.5 * MAX_GAP_S
    inside = (gap <= MAX_GAP_S) & (share >= 0.0) & (share <= 1.0)
    return np.where(inside[:, None], between, np.where(near[:, None], positions[nearest], np.nan))


def interpolated_velocities(
    times: NDArray[np.float64], row_times: NDArray[np.float64], positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Joint velocities at the times of images: differences of the rows around them.

    Arguments as those of :func:`interpolated`.

    Returns:
        ``(N, n)`` rad/s, between the last row at least half of :data:`MAX_GAP_S` before the image and the first one as
        far behind it, or the ends of the table; NaN where these lie more than twice :data:`MAX_GAP_S` apart, or the
        image lies outside the table.
    """
    row_times, first = np.unique(row_times, return_index=True)
    positions, last = positions[first], len(row_times) - 1
    half = 0.5 * MAX_GAP_S
    before = np.clip(np.searchsorted(row_times, times - half, side="right") - 1, 0, last)
    after = np.clip(np.searchsorted(row_times, times + half), 0, last)
    duration = row_times[after] - row_times[before]
    with np.errstate(invalid="ignore"):
        known = (duration > 0.0) & (duration <= 2.0 * MAX_GAP_S) & (times >= row_times[0]) & (times <= row_times[-1])
    slopes = (positions[after] - positions[before]) / np.where(known, duration, 1.0)[:, None]
    return np.where(known[:, None], slopes, np.nan)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
