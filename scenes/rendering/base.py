"""The interface of renderers: colour, metric depth and segmentation of one camera."""

from __future__ import annotations

from abc import ABC, abstractmethod

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["Renderer"]


class Renderer(ABC):
    """Renders one fixed camera of one model at one size.

    Renderers that hold a graphics context are used in the process and by the thread that made them; anything else is a
    :class:`~ctr_env.errors.UsageError`. Closing twice is allowed; rendering after closing is a
    :class:`~ctr_env.errors.RenderError`.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Prepare to render ``width`` x ``height`` pixels of the model's camera ``camera_id``."""
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
        """``(H, W)`` index of the geom at each pixel, -1 for none."""

    @abstractmethod
    def close(self) -> None:
        """Free the graphics context.

        A context that nobody can free any more (its thread has ended, or this process was forked) is left alone.
        """
