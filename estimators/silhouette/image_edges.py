"""Edges of an image along lines, with sub-pixel accuracy."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["ImageEdges", "image_edges", "line_distances"]

_NOISE = 100.0  # squared grey levels, summed over colours: variance that the two sides of any edge have
_LEAST_CURVATURE = 1e-9


class ImageEdges(NamedTuple):
    """The strongest edge near the middle of each line.

    Attributes:
        positions: ``(S,)`` place of the edge, in samples from the middle of the line.
        contrasts: ``(S,)`` squared difference of the mean colours on its two sides over the sum of their variances
            (Fisher's criterion).
    """

    positions: NDArray[np.float64]
    contrasts: NDArray[np.float64]


def line_distances(reach: int, window: int) -> NDArray[np.float64]:
    """``(2 (reach + window),)`` positions of the samples of a line for :func:`image_edges`, in samples."""
    return np.arange(-reach - window, reach + window, dtype=np.float64) + 0.5


def image_edges(image: NDArray[np.uint8], places: NDArray[np.floating], reach: int, window: int) -> ImageEdges:
    """Where the colour changes along lines.

    An edge separates two windows of samples. It is strong where their mean colours differ by more than the colours
    within each (Fisher's linear discriminant), so that noise, blur and texture on one side do little harm. Edges nearer
    to the middle of the line are preferred: of the criterion, weighted by a Gaussian with a standard deviation of half
    the reach, the maximum is taken. There the criterion itself is interpolated by a parabola.

    Args:
        image: ``(H, W, 3)`` uint8.
        places: ``(S, N, 2)`` samples along S lines, continuous pixels, at :func:`line_distances`.
        reach: Farthest edge from the middle of a line, in samples.
        window: Samples on each side of an edge.
    """
    x, y = (places[..., i].astype(np.float32) - np.float32(0.5) for i in (0, 1))  # in OpenCV pixel centres are integers
    colours = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float64)
    means = _window_means(colours, window)
    inner, outer = means[:, : 2 * reach + 1], means[:, window:]
    apart = _squared(inner[..., :3] - outer[..., :3])
    within = inner[..., 3] + outer[..., 3] - _squared(inner[..., :3]) - _squared(outer[..., :3])
    contrasts = apart / (within + _NOISE)
    candidates = np.arange(-reach, reach + 1, dtype=np.float64)
    near = contrasts * np.exp(-0.5 * (candidates / (0.5 * reach)) ** 2)
    best = _highest(contrasts, np.argmax(near, axis=1))
    lines = np.arange(len(contrasts))
    before, at, after = (contrasts[lines, best + i] for i in (-1, 0, 1))
    curvature = np.maximum(2.0 * at - before - after, _LEAST_CURVATURE)
    positions = candidates[best] + np.clip(0.5 * (after - before) / curvature, -1.0, 1.0)
    return ImageEdges(positions, at)


def _highest(values: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """``(S,)`` place of the highest of the values ``(S, M)`` beside each start, itself included, but not at an end."""
    around = np.clip(start[:, None] + (0, -1, 1), 1, values.shape[1] - 2)
    best = np.argmax(np.take_along_axis(values, around, axis=1), axis=1)
    return np.asarray(np.take_along_axis(around, best[:, None], axis=1)[:, 0])


def _window_means(colours: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """``(S, N - window + 1, 4)`` means of colours ``(S, N, 3)`` and of their squared lengths in all windows."""
    sums = np.zeros((len(colours), colours.shape[1] + 1, 4))
    np.cumsum(colours, axis=1, out=sums[:, 1:, :3])
    np.cumsum(_squared(colours), axis=1, out=sums[:, 1:, 3])
    return np.asarray((sums[:, window:] - sums[:, :-window]) / window)


def _squared(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(S, M)`` squared lengths of colours ``(S, M, 3)``."""
    return np.asarray(np.einsum("smc,smc->sm", colours, colours))
