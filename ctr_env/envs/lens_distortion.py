"""Lens distortion of drawn images, which renderers do not draw and the camera model does not contain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.randomization import Draws

__all__ = ["LensDistortion"]

_WIDEST = 4.0  # tangent of the largest angle from the optical axis
_ENTRIES = 20_000


class LensDistortion:
    """Warps images of a pinhole camera to those of a lens with radial distortion (the field ``lens.k1``).

    The map of the newest camera is kept. Pixels that see more than the pinhole image repeat its border.
    """

    def __init__(self) -> None:
        """Start without a map."""
        self._made_for: tuple[PinholeCamera, float] | None = None
        self._maps: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def distort(self, image: NDArray[np.uint8], camera: PinholeCamera, draws: Draws) -> NDArray[np.uint8]:
        """The image that the lens forms; the given array itself if it does not distort.

        Args:
            image: ``(H, W, 3)`` uint8 image of the pinhole camera.
            camera: Its intrinsics.
            draws: Draws of the episode, with ``lens.k1``.
        """
        k1 = float(draws.get("lens.k1", 0.0))
        if k1 == 0.0:
            return image
        import cv2

        if self._maps is None or self._made_for != (camera, k1):
            self._made_for, self._maps = (camera, k1), _maps(camera, k1)
        return np.asarray(cv2.remap(image, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _maps(camera: PinholeCamera, k1: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """OpenCV's maps: ``(H, W)`` column and row of the pinhole image that each pixel of the lens's image shows.

    The distortion is radial, so that its inverse is that of a function of the radius, which is tabulated.
    """
    x = (np.arange(camera.width) + 0.5 - camera.cx) / camera.fx
    y = (np.arange(camera.height) + 0.5 - camera.cy) / camera.fy
    radius = np.hypot(x[None], y[:, None])
    fold = np.inf if k1 >= 0.0 else 1.0 / np.sqrt(-3.0 * k1)  # the image of rays beyond would come back inwards
    table = np.linspace(0.0, min(_WIDEST, fold), _ENTRIES)
    undistorted = np.interp(radius, table * (1.0 + k1 * table**2), table)
    scale = np.divide(undistorted, radius, out=np.ones_like(radius), where=radius > 0.0)
    columns = camera.fx * scale * x[None] + camera.cx - 0.5
    rows = camera.fy * scale * y[:, None] + camera.cy - 0.5
    return columns.astype(np.float32), rows.astype(np.float32)
