"""Images that are not as large as their camera says."""

from __future__ import annotations

from ctr_env.geometry import PinholeCamera

__all__ = ["camera_of_size"]

_STRETCHED = 0.01  # share of the height that intrinsics may be off by


def camera_of_size(camera: PinholeCamera, width: int, height: int) -> PinholeCamera:
    """The camera of a image that was resized as a whole.

    Raises:
        ValueError: If the image has another shape than the camera's, so that it must have been cut or stretched.
    """
    if abs(width * camera.height / camera.width - height) > max(1.0, _STRETCHED * height):
        raise ValueError(
            f"the image has {width}x{height} pixels, its camera {camera.width}x{camera.height}: not the same shape, "
            "so that nobody can tell where the image was cut"
        )
    return camera.resized(width, height)
