"""A frame that training examples are made of, and the part of it that a smaller sensor would see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

__all__ = ["RenderedFrame", "random_sensor"]

_ATTEMPTS = 5
_LEAST_SEEN = 0.2  # share of the robot's pixels that a part of the image must show
_ASPECTS = (0.5, 2.1)  # width over height


@dataclass(frozen=True)
class RenderedFrame:
    """A clean rendering with its labels.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` uint8, 255 on the robot.
        points: ``(K, 3)`` the network's points in the camera frame, metres; those along the kinematic chain first.
        camera: Intrinsics of the image, with its lens distortion.
        quarter_turns: Clockwise quarter turns that bring the robot upright in the image, 0 to 3.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    points: NDArray[np.float64]
    camera: PinholeCamera
    quarter_turns: int = 0

    def window(self, left: int, top: int, width: int, height: int) -> RenderedFrame:
        """The frame of a sensor that is a part of this one."""
        part = np.s_[top : top + height, left : left + width]
        camera = replace(self.camera, cx=self.camera.cx - left, cy=self.camera.cy - top, width=width, height=height)
        return replace(self, image=self.image[part], mask=self.mask[part], camera=camera)


def random_sensor(frame: RenderedFrame, rng: np.random.Generator) -> RenderedFrame:
    """A random part of a frame, of any aspect from portrait to panorama; it truncates the robot.

    The frame itself where no part that was drawn shows a fifth of the robot's pixels.
    """
    height, width = frame.mask.shape
    whole = int(np.count_nonzero(frame.mask))
    for _ in range(_ATTEMPTS):
        aspect = float(np.exp(rng.uniform(*np.log(_ASPECTS))))
        share = rng.uniform(0.45, 1.0)
        w = min(width, round(share * min(width, height * aspect)))
        h = min(height, round(w / aspect))
        left, top = (int(rng.integers(most + 1)) for most in (width - w, height - h))
        part = frame.window(left, top, w, h)
        if np.count_nonzero(part.mask) >= max(_LEAST_SEEN * whole, 1.0):
            return part
    return frame
