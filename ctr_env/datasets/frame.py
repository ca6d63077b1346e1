"""One image with the joint angles and the camera it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["Frame"]


@dataclass(frozen=True)
class Frame:
    """What an estimator sees at one instant.

    Attributes:
        joint_positions: ``(n,)`` measured arm joint positions, rad.
        camera: Intrinsics of the image.
        time_s: Time of the image, seconds.
        image: ``(H, W, 3)`` uint8 RGB image; ``None`` where nobody asked for one
            (see :attr:`PoseEstimator.needs_image`).
    """

    joint_positions: NDArray[np.float64]
    camera: PinholeCamera
    time_s: float
    image: NDArray[np.uint8] | None = None
