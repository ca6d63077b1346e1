"""Removing lens distortion from pixels and images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .camera import PinholeCamera
from .lens import undistort

__all__ = ["undistort_image", "undistort_pixels"]


def undistort_pixels(pixels: ArrayLike, camera: PinholeCamera) -> NDArray[np.float64]:
    """Pixels at which :attr:`PinholeCamera.undistorted <.camera.PinholeCamera.undistorted>` sees the same rays.

    The inverse of ``camera.project``: ``camera.project`` of the rays through the result returns ``pixels`` to 1e-6 px.

    Args:
        pixels: ``(..., 2)`` continuous pixel coordinates (centres at a half, as everywhere in this package).
        camera: The camera that saw them.

    Returns:
        ``(..., 2)`` continuous pixel coordinates. NaN where the lens model has no ray, which a plausible camera (see
        :func:`~ctr_env.datasets.plausible_camera.require_plausible`) has outside its image only.
    """
    pixels = np.asarray(pixels, dtype=float)
    if not camera.distortion:
        return pixels
    focal, centre = np.array([camera.fx, camera.fy]), np.array([camera.cx, camera.cy])
    return undistort((pixels - centre) / focal, camera.lens_model, camera.distortion) * focal + centre


def undistort_image(image: NDArray[np.uint8], camera: PinholeCamera) -> NDArray[np.uint8]:
    """The image that :attr:`PinholeCamera.undistorted <.camera.PinholeCamera.undistorted>` would have taken.

    Args:
        image: ``(H, W, 3)`` uint8, of ``camera``.
        camera: Its camera.

    Returns:
        ``(H, W, 3)`` uint8, interpolated linearly, black where the image shows nothing; ``image`` itself if the camera
        has no lens distortion.
    """
    import cv2

    if not camera.distortion:
        return image
    K, distortion = camera.opencv_matrix, np.array(camera.distortion)
    if camera.lens_model == "equidistant":
        return np.asarray(cv2.fisheye.undistortImage(image, K, distortion, Knew=K), dtype=np.uint8)
    return np.asarray(cv2.undistort(image, K, distortion, newCameraMatrix=K), dtype=np.uint8)
