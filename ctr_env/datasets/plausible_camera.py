"""Whether intrinsics can be those of a real camera."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, undistort_pixels

__all__ = ["require_plausible"]

_NARROWEST = 5.0  # degrees: field of view of a telephoto lens
_FARTHEST = 85.0  # degrees: angle from the optical axis of what a pinhole image can hold
_OUTSIDE = 0.25  # share of the image's size that the principal point may lie outside the image
_WITHOUT_RAY = {"opencv": 0.05, "equidistant": 0.6}
"""Share of the image for which the lens model may have no ray: corners, and what lies outside a fisheye's circle."""


def require_plausible(camera: PinholeCamera) -> PinholeCamera:
    """The camera, if its intrinsics are plausible.

    Raises:
        DataError: If the field of view is below 5 degrees or reaches farther than 85 degrees from the optical axis, the
            principal point lies farther outside the image than a quarter of its size, or the lens model is not
            invertible within the image; the message has the values.
    """
    problem = _problem(camera)
    if problem:
        raise DataError(f"implausible intrinsics: {problem}")
    return camera


@lru_cache(maxsize=64)
def _problem(camera: PinholeCamera) -> str:
    """What is wrong with the intrinsics; empty if nothing is."""
    size = f"{camera.width}x{camera.height}"
    fov = np.degrees(camera.fov)
    x, y = max(camera.cx, camera.width - camera.cx), max(camera.cy, camera.height - camera.cy)
    farthest = np.degrees(max(np.arctan(x / camera.fx), np.arctan(y / camera.fy)))
    if farthest > _FARTHEST or fov.max() < _NARROWEST:
        return (
            f"fx = {camera.fx:g} and fy = {camera.fy:g} px give an image of {size} pixels a field of view of "
            f"{fov[0]:.4g} x {fov[1]:.4g} degrees, up to {farthest:.4g} from the optical axis; plausible are at least "
            f"{_NARROWEST:g}, up to {_FARTHEST:g}, with focal lengths in pixels of that image"
        )
    outside = [
        max(-centre, centre - length) / length
        for centre, length in ((camera.cx, camera.width), (camera.cy, camera.height))
    ]
    if max(outside) > _OUTSIDE:
        return (
            f"the principal point ({camera.cx:g}, {camera.cy:g}) lies far outside the image of {size} pixels; the "
            "calibration may be that of another resolution"
        )
    share = _share_without_ray(camera)
    if share > _WITHOUT_RAY[camera.lens_model]:
        return (
            f"the {camera.lens_model} lens model with distortion {camera.distortion} is not invertible for "
            f"{share:.0%} of the image; coefficients are expected as OpenCV writes them, without a scale"
        )
    return ""


def _share_without_ray(camera: PinholeCamera) -> float:
    if not camera.distortion:
        return 0.0
    u, v = np.meshgrid(np.linspace(0, camera.width, 17), np.linspace(0, camera.height, 13))
    return float(np.isnan(undistort_pixels(np.stack([u, v], axis=-1), camera)).any(axis=-1).mean())
