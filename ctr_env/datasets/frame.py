"""One image with the joint angles and the camera it belongs to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera, all_finite

__all__ = ["Frame"]

_NUMBERS = "iufc"
"""Kinds of NumPy's numeric types."""


@dataclass(frozen=True)
class Frame:
    """The input of an estimator at one instant.

    Joint limits are not checked here, because a frame does not know its robot: see
    :func:`~ctr_env.datasets.joint_limits.require_joints`.

    Attributes:
        joint_positions: ``(n,)`` measured arm joint positions, rad.
        camera: Intrinsics of the image.
        time_s: Time of the image, seconds.
        image: ``(H, W, 3)`` uint8 RGB image of the camera's size; ``None`` where the estimator wants none
            (see :meth:`PoseEstimator.wants_image`). Greyscale images ``(H, W)`` or ``(H, W, 1)`` get three equal
            channels, and the fourth channel of RGBA images is dropped.
        joint_velocities: ``(n,)`` joint velocities at that time, rad/s; ``None`` where they are unknown. Calibration
            estimates a time offset from them.

    Raises:
        DataError: If joint positions or velocities are not ``(n,)`` finite numbers, the time is not finite, or the
            image has another type or shape.
    """

    joint_positions: NDArray[np.float64]
    camera: PinholeCamera
    time_s: float
    image: NDArray[np.uint8] | None = None
    joint_velocities: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check shapes, types and finiteness."""
        joints = np.asarray(self.joint_positions)
        if joints.ndim != 1 or joints.dtype.kind not in _NUMBERS or not all_finite(joints):
            raise DataError(f"Frame.joint_positions must be (n,) finite numbers in radians, not {joints!r}")
        if self.joint_velocities is not None:
            velocities = np.asarray(self.joint_velocities, dtype=float)
            if velocities.shape != joints.shape or not np.isfinite(velocities).all():
                raise DataError(f"Frame.joint_velocities must be {joints.shape} finite numbers, not {velocities!r}")
            object.__setattr__(self, "joint_velocities", velocities)
        if not math.isfinite(self.time_s):
            raise DataError(f"Frame.time_s must be finite, not {self.time_s!r}")
        object.__setattr__(self, "joint_positions", joints.astype(np.float64, copy=False))
        if self.image is not None:
            object.__setattr__(self, "image", _rgb(np.asarray(self.image), self.camera))


def _rgb(image: NDArray[np.generic], camera: PinholeCamera) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8 of an image with one, three or four channels."""
    channels = image[..., None] if image.ndim == 2 else image
    if image.dtype != np.uint8 or channels.ndim != 3 or channels.shape[2] not in (1, 3, 4):
        raise DataError(
            "Frame.image must be (H, W, 3) uint8 RGB (or (H, W) greyscale, (H, W, 4) RGBA), "
            f"not {image.shape} {image.dtype}"
        )
    height, width, count = channels.shape
    if (height, width) != (camera.height, camera.width):
        raise DataError(
            f"Frame.image has {width}x{height} pixels, its camera {camera.width}x{camera.height}; "
            "camera.resized(width, height) is the camera of an image that was resized as a whole"
        )
    if count == 1:
        channels = np.repeat(channels, 3, axis=2)
    return np.asarray(channels if count == 3 else np.ascontiguousarray(channels[..., :3]), dtype=np.uint8)
