"""Images of a lens with radial distortion, made from those of a pinhole camera."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["distorting_camera", "radial_maps", "warped", "wide_enough"]

_WIDEST = 4.0  # tangent of the largest angle from the optical axis
_ENTRIES = 20_000

Maps = tuple[NDArray[np.float32], NDArray[np.float32]]


def radial_maps(camera: PinholeCamera, k1: float, source: PinholeCamera) -> Maps:
    """OpenCV's maps: ``(H, W)`` column and row of the pinhole image that each pixel of the lens's image shows.

    The distortion is radial, so that its inverse is that of a function of the radius, which is tabulated.

    Args:
        camera: Intrinsics of the lens's image; its distortion is not read.
        k1: OpenCV's first radial coefficient.
        source: Intrinsics of the pinhole image.
    """
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


def distorting_camera(camera: PinholeCamera, share: float) -> PinholeCamera:
    """The camera with a radial distortion by a share of the radius at its farthest corner; negative for a barrel.

    Args:
        camera: A camera without distortion.
        share: Above -1/3, where the image would fold.
    """
    if share == 0.0:
        return camera
    undistorted = _corner_radius(camera) / (1.0 + share)
    return replace(camera, distortion=(share / undistorted**2, 0.0, 0.0, 0.0))


def wide_enough(camera: PinholeCamera) -> PinholeCamera:
    """A pinhole camera of the same size and principal point that sees all that a distorting one sees."""
    if not camera.distortion:
        return camera
    k1 = camera.distortion[0]
    distorted, table = _corner_radius(camera), np.linspace(0.0, _WIDEST, _ENTRIES)
    if k1 < 0.0:
        table = table[table < 1.0 / np.sqrt(-3.0 * k1)]
    seen = float(np.interp(distorted, table * (1.0 + k1 * table**2), table))
    factor = min(1.0, distorted / seen)
    return replace(camera, fx=factor * camera.fx, fy=factor * camera.fy, distortion=())


def warped(image: NDArray, source: PinholeCamera, camera: PinholeCamera, smooth: bool = True) -> NDArray:
    """The image of a distorting camera; the given array itself without distortion.

    Args:
        image: ``(H, W)`` or ``(H, W, 3)`` image of the pinhole camera, of a type that OpenCV knows.
        source: Its camera.
        camera: A camera with OpenCV's ``k1`` alone.
        smooth: Whether to interpolate; not for labels.
    """
    if not camera.distortion:
        return image
    interpolation = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    maps = radial_maps(camera, camera.distortion[0], source)
    return np.asarray(cv2.remap(image, *maps, interpolation, borderMode=cv2.BORDER_REPLICATE))


def _corner_radius(camera: PinholeCamera) -> float:
    """Largest normalised radius (distorted) in the image."""
    x = max(camera.cx, camera.width - camera.cx) / camera.fx
    y = max(camera.cy, camera.height - camera.cy) / camera.fy
    return float(np.hypot(x, y))
