"""Renderers by name."""

from __future__ import annotations

from collections.abc import Callable

import mujoco

from ctr_env.runs.configuration import require_choice

from .base import Renderer
from .classic import ClassicRenderer

__all__ = ["RENDERERS", "make_renderer", "require_renderer"]


def _filament(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .filament import FilamentRenderer  # loads its driver

    return FilamentRenderer(model, camera_id, width, height)


def _mitsuba(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .mitsuba import MitsubaRenderer  # an optional package

    return MitsubaRenderer(model, camera_id, width, height)


RENDERERS: dict[str, Callable[[mujoco.MjModel, int, int, int], Renderer]] = {
    "classic": ClassicRenderer,
    "filament": _filament,
    "mitsuba": _mitsuba,
}
"""Constructors by name; arguments: model, index of the camera, width and height in pixels."""


def make_renderer(name: str, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    """Create a renderer by name.

    Raises:
        ConfigurationError: If the name is unknown.
        UsageError: If this process was forked from one that has rendered.
        RenderError: If the backend does not start.
    """
    require_renderer(name)
    return RENDERERS[name](model, camera_id, width, height)


def require_renderer(name: str) -> None:
    """Check the name of a renderer.

    Raises:
        ConfigurationError: If it is unknown.
    """
    require_choice("renderer", name, sorted(RENDERERS))
