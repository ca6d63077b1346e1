"""Images of a lens with radial distortion, made from those of a pinhole camera."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["RadialLens"]

_WIDEST = 4.0  # tangent of the largest angle from the optical axis
_ENTRIES = 20_000


class RadialLens:
    """Warps images of a pinhole camera to those of a lens with OpenCV's coefficient ``k1``.

    Attributes:
        k1: The coefficient; 0 for no distortion.
        camera: Intrinsics of the lens's image, its distortion included.
        source: The pinhole camera to draw with. Pixels of the lens's image that it does not see repeat its border.
    """

    def __init__(self, camera: PinholeCamera, k1: float, source: PinholeCamera) -> None:
        """A lens whose image has the intrinsics of ``camera``, which has no distortion itself."""
        self.k1 = k1
        self.camera = replace(camera, distortion=(k1, 0.0, 0.0, 0.0)) if k1 else camera
        self.source = source

    @classmethod
    def by_corner(cls, camera: PinholeCamera, share: float) -> RadialLens:
        """A lens that moves the image's farthest corner, drawn by a camera that sees all of its image.

        Args:
            camera: Intrinsics of its image, without distortion.
            share: Displacement as a share of the corner's radius, above -1/3, where the image would fold; negative for
                a barrel.
        """
        if share == 0.0:
            return cls(camera, 0.0, camera)
        radius = _corner_radius(camera)
        undistorted_radius = radius / (1.0 + share)
        factor = min(1.0, radius / undistorted_radius)
        return cls(camera, share / undistorted_radius**2, replace(camera, fx=factor * camera.fx, fy=factor * camera.fy))

    def warp(self, image: NDArray, *, smooth: bool = True) -> NDArray:
        """The lens's image; the given array itself without distortion.

        Args:
            image: ``(H, W)`` or ``(H, W, 3)`` image of the source, of a type that OpenCV knows.
            smooth: Whether to interpolate; not for labels.
        """
        if not self.k1:
            return image
        interpolation = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
        return np.asarray(cv2.remap(image, *self.maps, interpolation, borderMode=cv2.BORDER_REPLICATE))

    @cached_property
    def maps(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """OpenCV's maps: ``(H, W)`` column and row of the source's image that each pixel of the lens's image shows.

        The distortion is radial, so that its inverse is that of a function of the radius, which is tabulated.
        """
        camera, source, k1 = self.camera, self.source, self.k1
        x = (np.arange(camera.width) + 0.5 - camera.cx) / camera.fx
        y = (np.arange(camera.height) + 0.5 - camera.cy) / camera.fy
        radius = np.hypot(x[None], y[:, None])
        fold = np.inf if k1 >= 0.0 else 1.0 / np.sqrt(-3.0 * k1)  # the image of rays beyond would come back inwards
        table = np.linspace(0.0, min(_WIDEST, fold), _ENTRIES)
        undistorted = np.interp(radius, table * (1.0 + k1 * table**2), table)
        scale = np.divide(undistorted, radius, out=np.ones_like(radius), where=radius > 0.0)
        columns = source.fx * scale * x[None] + source.cx - 0.5
        rows = source.fy * scale * y[:, None] + source.cy - 0.5
        return columns.astype(np.float32), rows.astype(np.float32)


def _corner_radius(camera: PinholeCamera) -> float:
    """Largest normalised radius in the image."""
    x = max(camera.cx, camera.width - camera.cx) / camera.fx
    y = max(camera.cy, camera.height - camera.cy) / camera.fy
    return float(np.hypot(x, y))
