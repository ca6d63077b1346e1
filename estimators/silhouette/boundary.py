"""The mask boundary along lines, with sub-pixel accuracy."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["along_normals", "boundary_crossings", "boundary_distances", "levels"]


def along_normals(
    places: NDArray[np.float64], normals: NDArray[np.float64], distances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(S, N, 2)`` points at distances ``(N,)`` from ``(S, 2)`` places along ``(S, 2)`` normals."""
    planes = places.T[..., None] + distances * normals.T[..., None]  # each coordinate in one piece of memory
    return np.moveaxis(planes, 0, -1)


def boundary_distances(
    mask: NDArray[np.float32], places: NDArray[np.floating], distances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Positions at which lines leave a mask, where its value crosses one half from above.

    Args:
        mask: ``(h, w)`` float32 in [0, 1], interpolated bilinearly between pixel centres.
        places: ``(S, N, 2)`` samples along S lines, pixels; N is less than 32768.
        distances: ``(N,)`` equidistant positions of those samples along each line.

    Returns:
        ``(S,)`` position of the crossing nearest to zero; NaN where there is none.
    """
    return boundary_crossings(levels(mask, places), distances)


def levels(mask: NDArray[np.float32], places: NDArray[np.floating]) -> NDArray[np.float32]:
    """``(S, N)`` values of a mask at ``(S, N, 2)`` pixels; arguments as those of :func:`boundary_distances`."""
    if not len(places):
        return np.zeros(places.shape[:-1], np.float32)
    x, y = (places[..., i].astype(np.float32) - np.float32(0.5) for i in (0, 1))  # in OpenCV pixel centres are integers
    return np.asarray(cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def boundary_crossings(values: NDArray[np.float32], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The result of :func:`boundary_distances` for ``(S, N)`` values along the lines."""
    inside = values >= 0.5
    line, place = np.nonzero(inside[:, :-1] & ~inside[:, 1:])
    before, after = values[line, place], values[line, place + 1]
    crossing = distances[place] + (distances[1] - distances[0]) * (before - 0.5) / (before - after)
    order = np.argsort(-np.abs(crossing), kind="stable")
    found = np.full(len(values), np.nan)
    found[line[order]] = crossing[order]  # where a line has several, the last assignment is the nearest one
    return found
