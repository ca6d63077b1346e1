"""Images of a scene: colour, metric depth and segmentation behind one interface."""

from __future__ import annotations

from collections.abc import Callable

import mujoco

from ctr_env.errors import ConfigurationError

from .base import Renderer
from .classic import ClassicRenderer

__all__ = ["RENDERERS", "make_renderer", "require_renderer"]


def _filament(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .filament import FilamentRenderer  # its driver only where it is asked for

    return FilamentRenderer(model, camera_id, width, height)


def _mitsuba(model: mujoco.MjModel, camera_id: int, width: int, height: int) -> Renderer:
    from .mitsuba import MitsubaRenderer  # an optional package

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
        ConfigurationError: If the name is unknown.
        RenderError: If the backend does not come up.
    """
    require_renderer(name)
    return RENDERERS[name](model, camera_id, width, height)


def require_renderer(name: str) -> None:
    """Refuse a name that is no renderer's.

    Raises:
        ConfigurationError: Then.
    """
    if name not in RENDERERS:
        raise ConfigurationError(f"unknown renderer {name!r}; valid names: {', '.join(sorted(RENDERERS))}")
