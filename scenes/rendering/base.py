"""The contract of rendering: colour, metric depth and segmentation of one camera."""

from __future__ import annotations

from abc import ABC, abstractmethod

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["Renderer"]


class Renderer(ABC):
    """Draws one fixed camera of one model at one size, in the process that created it.

    Closing twice is allowed; drawing after closing is not.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Prepare for images of ``width`` x ``height`` pixels of the model's camera ``camera_id``."""
        self.model = model
        self.camera_id = camera_id
        self.width = width
        self.height = height

    @abstractmethod
    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour image, top row first."""

    @abstractmethod
    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres."""

    @abstractmethod
    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom that each pixel shows, -1 for none."""

    @abstractmethod
    def close(self) -> None:
        """Free the graphics context."""
