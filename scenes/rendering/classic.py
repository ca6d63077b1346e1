"""MuJoCo's OpenGL renderer."""

from __future__ import annotations

import os

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import RenderError

from .base import Renderer
from .contexts import ContextOwner, abandon

__all__ = ["ClassicRenderer"]


class ClassicRenderer(Renderer):
    """MuJoCo's OpenGL renderer, on EGL, OSMesa or GLFW, as selected by ``MUJOCO_GL``."""

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Create the graphics context.

        Raises:
            RenderError: If the backend does not start.
            UsageError: If this process was forked from one that has rendered.
        """
        super().__init__(model, camera_id, width, height)
        self._owner = ContextOwner()
        backend = os.environ.get("MUJOCO_GL", "") or "the platform's default"
        try:
            self._renderer: mujoco.Renderer | None = mujoco.Renderer(model, height, width)
        except Exception as error:
            raise RenderError(
                f"MuJoCo's OpenGL renderer did not start (backend: {backend}; MUJOCO_GL selects it before mujoco is "
                f"imported): {error}. `ctr-env doctor` tries every backend and says what to install."
            ) from error
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = (1, 1, 1, 0, 0, 0)

    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour image, top row first."""
        return np.asarray(self._updated(data).render())

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; that of the far plane for background."""
        renderer = self._updated(data)
        renderer.enable_depth_rendering()
        try:
            return np.asarray(renderer.render())
        finally:
            renderer.disable_depth_rendering()

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom at each pixel, -1 for none."""
        renderer = self._updated(data)
        renderer.enable_segmentation_rendering()
        try:
            ids = renderer.render()
        finally:
            renderer.disable_segmentation_rendering()
        return np.where(ids[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM), ids[..., 0], -1).astype(np.int32)

    def close(self) -> None:
        """Free the graphics context."""
        if self._renderer is None:
            return
        if self._owner.may_free():
            self._renderer.close()
        else:
            abandon(self._renderer)
        self._renderer = None

    def _updated(self, data: mujoco.MjData) -> mujoco.Renderer:
        if self._renderer is None:
            raise RenderError("this renderer has been closed")
        self._owner.require()
        self._renderer.update_scene(data, self.camera_id, self._options)
        return self._renderer
