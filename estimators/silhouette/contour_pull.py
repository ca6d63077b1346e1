"""Normal equations that draw a pose to where its contour lies on the mask boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .contour import Contour, project
from .mask_view import MaskView, mask_gaps

__all__ = [
    "CORRELATION_LENGTH",
    "CUT",
    "INLIER_DISTANCE",
    "LEAST_SCALE",
    "NORMAL",
    "Measurement",
    "Pull",
    "contour_jacobian",
    "middle",
    "pulls",
]

_FEWEST = 20  # least number of samples of a contour that meet the mask boundary
CORRELATION_LENGTH = 20.0
"""Correlation length of the mask boundary's error along the contour, pixels."""
LEAST_SCALE = 1.0
"""Least standard deviation of a mask boundary, pixels."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution per median absolute value."""
CUT = 3.0
"""Standard deviations from which on a sample has no weight (Tukey)."""
INLIER_DISTANCE = 2.0
"""Largest distance of a contour inlier from the mask boundary, pixels."""

_Vector = NDArray[np.float64]


class Measurement(NamedTuple):
    """A contour and a mask at a pose: rotation ``(3, 3)`` and translation ``(3,)``, metres."""

    contour: Contour
    rotation: _Vector
    translation: _Vector
    view: MaskView


class Pull(NamedTuple):
    """Derivatives of a contour's samples along their normals, their normal equations, and lengths in pixels."""

    jacobian: _Vector
    information: _Vector
    force: _Vector
    length: float
    inlier_length: float


def pulls(measurements: Sequence[Measurement]) -> list[Pull | None]:
    """Normal equations of contours at their poses, each for itself; ``None`` where too few samples meet the boundary.

    Contours of several images are handled in common arrays: they have few samples, and most of the time of an array
    operation is its call.
    """
    contours, views = [m.contour for m in measurements], [m.view for m in measurements]
    counts = [len(contour.points) for contour in contours]
    normals, margins, lengths = (
        np.concatenate([getattr(contour, name) for contour in contours]) for name in ("normals", "margins", "lengths")
    )
    rotated = np.concatenate([m.contour.points @ m.rotation.T for m in measurements])
    points = rotated + np.repeat([m.translation for m in measurements], counts, axis=0)
    lenses = np.repeat([(v.lens.fx, v.lens.fy, v.lens.cx, v.lens.cy) for v in views], counts, axis=0).T
    gaps = mask_gaps(views, counts, project(points, *lenses), normals) - margins
    met = np.isfinite(gaps)
    for part in _parts(counts):
        met[part] &= met[part].sum() >= _FEWEST
    parts = _parts([int(met[part].sum()) for part in _parts(counts)])
    gaps, lengths = gaps[met], lengths[met]
    jacobian = contour_jacobian(rotated[met], points[met], normals[met] * lenses[:2].T[met])
    scales = [max(LEAST_SCALE, NORMAL * middle(np.abs(gaps[part]))) for part in parts]
    met_counts = [part.stop - part.start for part in parts]
    cuts, votes = (
        np.repeat(values, met_counts)
        for values in ([CUT * scale for scale in scales], [CORRELATION_LENGTH * scale**2 for scale in scales])
    )
    trust = np.clip(1.0 - (gaps / cuts) ** 2, 0.0, None) ** 2
    weighted = jacobian * (trust * lengths / votes)[:, None]
    inliers = np.abs(gaps) < INLIER_DISTANCE
    return [
        Pull(
            jacobian[part],
            weighted[part].T @ jacobian[part],
            weighted[part].T @ gaps[part],
            float(np.sum(contour.lengths)),
            float(np.sum(lengths[part][inliers[part]])),
        )
        if part.stop > part.start
        else None
        for part, contour in zip(parts, contours, strict=True)
    ]


def _parts(counts: Sequence[int]) -> list[slice]:
    """Where the samples of each contour lie in the common arrays."""
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def contour_jacobian(rotated: _Vector, points: _Vector, focal_normals: _Vector) -> _Vector:
    """``(S, 6)`` derivatives of samples along their normals by the twist.

    Args:
        rotated: ``(S, 3)`` samples in the camera's axes, relative to the base, metres.
        points: ``(S, 3)`` samples in the camera frame, metres.
        focal_normals: ``(S, 2)`` normals times focal lengths.
    """
    across = focal_normals / points[:, 2:]
    depth = -np.sum(across * points[:, :2], axis=1) / points[:, 2]
    (x, y, z), (by_x, by_y) = rotated.T, across.T
    return np.stack([by_x, by_y, depth, y * depth - z * by_y, z * by_x - x * depth, x * by_y - y * by_x], axis=1)


def middle(values: _Vector) -> float:
    """Median of few values, 0 of none; without the checks of ``np.median``, which take ten times as long."""
    if not len(values):
        return 0.0
    ordered, middle = np.sort(values), len(values) // 2
    return float(ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0)
