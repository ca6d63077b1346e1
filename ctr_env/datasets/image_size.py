"""Cameras of images of another size than the calibrated one."""

from __future__ import annotations

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

__all__ = ["camera_of_size"]

_STRETCHED = 0.01  # relative deviation of the aspect ratio that rounding explains


def camera_of_size(camera: PinholeCamera, width: int, height: int) -> PinholeCamera:
    """The camera of an image of ``width`` x ``height`` pixels that was resized as a whole.

    Raises:
        DataError: If the image's aspect ratio is not the camera's (to 1 % or one row), so that it was cropped or
            stretched.
    """
    if abs(width * camera.height / camera.width - height) > max(1.0, _STRETCHED * height):
        raise DataError(
            f"the image has {width}x{height} pixels, its camera {camera.width}x{camera.height}: not the same shape, "
            "so that it was cropped in an unknown place; give the intrinsics of the cropped image"
        )
    return camera.resized(width, height)
