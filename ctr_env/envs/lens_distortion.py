"""Lens distortion of drawn images, which renderers do not draw and the camera model does not contain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.rendering.radial_lens import RadialLens

__all__ = ["LensDistortion"]


class LensDistortion:
    """Warps images of a pinhole camera to those of a lens with radial distortion (the field ``lens.k1``).

    The map of the newest camera is kept. Pixels that see more than the pinhole image repeat its border.
    """

    def __init__(self) -> None:
        """Start without a map."""
        self._lens: RadialLens | None = None

    def distort(self, image: NDArray[np.uint8], camera: PinholeCamera, draws: Draws) -> NDArray[np.uint8]:
        """The image that the lens forms; the given array itself if it does not distort.

        Args:
            image: ``(H, W, 3)`` uint8 image of the pinhole camera.
            camera: Its intrinsics.
            draws: Draws of the episode, with ``lens.k1``.
        """
        k1 = float(draws.get("lens.k1", 0.0))
        if self._lens is None or (self._lens.source, self._lens.k1) != (camera, k1):
            self._lens = RadialLens(camera, k1, camera)
        return self._lens.warp(image)
