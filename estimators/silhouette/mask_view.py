"""A mask with the camera that sees it, and the distances of contour samples to its boundary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boundary import along_normals, boundary_crossings, levels
from .contour import Lens

__all__ = ["MaskView", "mask_gaps"]

_OFFSETS = np.arange(-8.0, 8.1, 0.5)  # pixels along the normal in which the mask boundary is located

_Vector = NDArray[np.float64]


@dataclass(frozen=True)
class MaskView:
    """A mask with its camera.

    Attributes:
        mask: ``(h, w)`` float32 robot probability.
        lens: The camera without its distortion, in pixels of the mask.
        low: ``(2,)`` upper left corner of the image in the mask, pixels.
        high: ``(2,)`` lower right corner of the image in the mask, pixels.
        bend: Maps ``(N, 2)`` undistorted pixels to pixels of the mask; ``None`` for a camera without distortion.
    """

    mask: NDArray[np.float32]
    lens: Lens
    low: _Vector
    high: _Vector
    bend: Callable[[_Vector], _Vector] | None = None

    def gaps(self, places: _Vector, normals: _Vector) -> _Vector:
        """The result of :func:`mask_gaps` for this mask alone."""
        return mask_gaps([self], [len(places)], places, normals)

    def shows(self, places: _Vector, normals: _Vector) -> NDArray[np.bool_]:
        """``(S,)`` whether the image shows all pixels in which :meth:`gaps` looks for the boundary."""
        views, counts = [self], [len(places)]
        return _inside(views, counts, _searched(views, counts, places, normals))


def mask_gaps(views: Sequence[MaskView], counts: Sequence[int], places: _Vector, normals: _Vector) -> _Vector:
    """Signed distances to the boundaries of N masks.

    Args:
        views: The masks.
        counts: Number of samples in each; they follow each other.
        places: ``(S, 2)`` undistorted pixels.
        normals: ``(S, 2)`` unit directions out of the masks.

    Returns:
        ``(S,)`` pixels along the normals; NaN where there is no boundary, or the normal leaves the image.
    """
    at = _searched(views, counts, places, normals)
    parts = np.split(at, np.cumsum(counts)[:-1])
    values = np.concatenate([levels(view.mask, part) for view, part in zip(views, parts, strict=True)])
    return np.where(_inside(views, counts, at), boundary_crossings(values, _OFFSETS), np.nan)


def _searched(views: Sequence[MaskView], counts: Sequence[int], places: _Vector, normals: _Vector) -> _Vector:
    """``(S, M, 2)`` pixels of the masks along the normals."""
    at = along_normals(places, normals, _OFFSETS)
    for view, part in zip(views, np.split(at, np.cumsum(counts)[:-1]), strict=True):
        if view.bend is not None:
            part[:] = view.bend(part.reshape(-1, 2)).reshape(part.shape)
    return at


def _inside(views: Sequence[MaskView], counts: Sequence[int], at: _Vector) -> NDArray[np.bool_]:
    """``(S,)`` whether the ends of normals lie in the image and the mask."""
    low = np.repeat([np.maximum(view.low, 0.0) for view in views], counts, axis=0)
    high = np.repeat([np.minimum(view.high, view.mask.shape[::-1]) for view in views], counts, axis=0)
    first, last = at[:, 0], at[:, -1]
    (inside_x, inside_y) = ((first > low) & (first < high) & (last > low) & (last < high)).T
    return np.asarray(inside_x & inside_y)
