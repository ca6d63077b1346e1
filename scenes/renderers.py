"""Pictures of a scene: colour, metric depth and segmentation behind one interface."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["RENDERERS", "ClassicRenderer", "RenderError", "Renderer", "make_renderer", "require_renderer"]


class RenderError(RuntimeError):
    """No picture could be made; the message names the backend and what mends it."""


class Renderer(ABC):
    """Draws one fixed camera of one model at one size, in the process that created it.

    Closing twice is allowed; drawing after closing is not.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Prepare for pictures of ``width`` x ``height`` pixels of the model's camera ``camera_id``."""
        self.model = model
        self.camera_id = camera_id
        self.width = width
        self.height = height

    @abstractmethod
    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour picture, top row first."""

    @abstractmethod
    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres."""

    @abstractmethod
    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom that each pixel shows, -1 for none."""

    @abstractmethod
    def close(self) -> None:
        """Free the graphics context."""


class ClassicRenderer(Renderer):
    """MuJoCo's OpenGL renderer (EGL, OSMesa or GLFW, as ``MUJOCO_GL`` says)."""

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Create the graphics context.

        Raises:
            RenderError: If the backend does not come up.
        """
        super().__init__(model, camera_id, width, height)
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
        """``(H, W, 3)`` colour picture, top row first."""
        return np.asarray(self._updated(data).render())

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; the far plane where nothing was hit."""
        renderer = self._updated(data)
        renderer.enable_depth_rendering()
        try:
            return np.asarray(renderer.render())
        finally:
            renderer.disable_depth_rendering()

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom that each pixel shows, -1 for none."""
        renderer = self._updated(data)
        renderer.enable_segmentation_rendering()
        try:
            ids = renderer.render()
        finally:
            renderer.disable_segmentation_rendering()
        return np.where(ids[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM), ids[..., 0], -1).astype(np.int32)

    def close(self) -> None:
        """Free the graphics context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _updated(self, data: mujoco.MjData) -> mujoco.Renderer:
        if self._renderer is None:
            raise RenderError("this renderer has been closed")
        self._renderer.update_scene(data, self.camera_id, self._options)
        return self._renderer


def _filament(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .filament import FilamentRenderer  # its driver only where it is asked for

    return FilamentRenderer(model, camera_id, width, height)


def _mitsuba(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .mitsuba_renderer import MitsubaRenderer  # an optional package

    return MitsubaRenderer(model, camera_id, width, height)


RENDERERS: dict[str, Callable[[mujoco.MjModel, int, int, int], Renderer]] = {
    "classic": ClassicRenderer,
    "filament": _filament,
    "mitsuba": _mitsuba,
}
"""Renderers by name: made of a model, the index of a camera, width and height in pixels."""


def make_renderer(name: str, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    """Create a renderer by name.

    Raises:
        ValueError: If the name is unknown.
        RenderError: If the backend does not come up.
    """
    require_renderer(name)
    return RENDERERS[name](model, camera_id, width, height)


def require_renderer(name: str) -> None:
    """Refuse a name that is no renderer's.

    Raises:
        ValueError: Then.
    """
    if name not in RENDERERS:
        raise ValueError(f"unknown renderer {name!r}; valid names: {', '.join(sorted(RENDERERS))}")
