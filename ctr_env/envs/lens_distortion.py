"""Lens distortion of drawn images, which renderers do not draw and the camera model does not contain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.rendering.radial_lens import radial_maps

__all__ = ["LensDistortion"]


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
            self._made_for, self._maps = (camera, k1), radial_maps(camera, k1, camera)
        return np.asarray(cv2.remap(image, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
