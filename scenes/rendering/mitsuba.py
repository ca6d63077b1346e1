"""Path tracing with Mitsuba 3: soft shadows, indirect light and reflections, at seconds per image."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import RenderError

from .base import Renderer

__all__ = ["MitsubaRenderer"]

_VARIANT = "scalar_rgb"  # the only one that runs everywhere
_SAMPLES_PER_PIXEL = 64
_SEED = 0
_MAX_DEPTH = 8
_EXPOSURE = 1.4
_SHOULDER = 0.6  # linear intensity above which highlights are compressed


class MitsubaRenderer(Renderer):
    """Mitsuba's path tracer on the CPU.

    Depth and segmentation are sampled at pixel centres. The camera must have a sensor size and square pixels. All
    lights cast shadows, material emission is not rendered, and translucent geoms are rendered opaque. There is no
    graphics context: any thread may render, also in a forked process.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Load Mitsuba.

        Raises:
            RenderError: If Mitsuba is not installed.
        """
        super().__init__(model, camera_id, width, height)
        try:
            import mitsuba
        except ImportError as error:
            raise RenderError(
                f'the renderer "mitsuba" needs the package mitsuba ({error}): pip install "ctr-env[photoreal]"'
            ) from error
        self._mitsuba: Any = mitsuba

    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour image, top row first."""
        from .mitsuba_export import shapes_dict
        from .mitsuba_lights import lights_dict

        mi = self._opened()
        scene = mi.load_dict({"type": "scene", **lights_dict(self.model, data), **shapes_dict(self.model, data)})
        sensor = self._sensor(data, "gaussian", {"type": "multijitter", "sample_count": _SAMPLES_PER_PIXEL})
        integrator = mi.load_dict({"type": "path", "max_depth": _MAX_DEPTH})
        return _tone_mapped(np.array(mi.render(scene, sensor=sensor, integrator=integrator, seed=_SEED)))

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; that of the far plane for background."""
        points, index = self._first_hits(data)
        axis = -data.cam_xmat[self.camera_id].reshape(3, 3)[:, 2]
        far = self.model.vis.map.zfar * self.model.stat.extent
        return np.where(index >= 0, (points - data.cam_xpos[self.camera_id]) @ axis, far).astype(np.float32)

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom at each pixel, -1 for none."""
        return self._first_hits(data)[1]

    def close(self) -> None:
        """Reject further calls; there is nothing to free."""
        self._mitsuba = None

    def _first_hits(self, data: mujoco.MjData) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """First hits of the rays through the pixel centres: ``(H, W, 3)`` world points (m) and ``(H, W)`` geoms."""
        from .mitsuba_export import shapes_dict

        mi = self._opened()
        scene = mi.load_dict({"type": "scene", **shapes_dict(self.model, data)}, optimize=False)
        sensor = self._sensor(data, "box", {"type": "stratified", "jitter": False, "sample_count": 1})
        integrator = mi.load_dict({"type": "aov", "aovs": "point:position,shape:shape_index"})
        hits = np.array(mi.render(scene, sensor=sensor, integrator=integrator), dtype=float)
        geoms = [-1, *(int(shape.id().removeprefix("geom_")) for shape in scene.shapes())]  # shapes count from one
        return hits[..., :3], np.array(geoms, dtype=np.int32)[hits[..., 3].astype(int)]

    def _sensor(self, data: mujoco.MjData, pixel_filter: str, sampler: dict[str, Any]) -> Any:
        from .mitsuba_export import sensor_dict

        film = {
            "type": "hdrfilm",
            "width": self.width,
            "height": self.height,
            "pixel_format": "rgb",
            "component_format": "float32",
            "rfilter": {"type": pixel_filter},
        }
        sensor = sensor_dict(self.model, data, self.camera_id, self.width, self.height)
        return self._mitsuba.load_dict({**sensor, "film": film, "sampler": sampler})

    def _opened(self) -> Any:
        if self._mitsuba is None:
            raise RenderError("this renderer has been closed")
        self._mitsuba.set_variant(_VARIANT)  # a process-wide setting, which other code may have changed
        return self._mitsuba


def _tone_mapped(radiance: NDArray[np.floating]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear light, with compressed instead of clipped highlights."""
    light = np.maximum(_EXPOSURE * radiance, 0.0)
    over = np.maximum(light - _SHOULDER, 0.0) / (1.0 - _SHOULDER)
    light = np.where(light > _SHOULDER, _SHOULDER + (1.0 - _SHOULDER) * over / (1.0 + over), light)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1.0 / 2.4) - 0.055)
    return np.round(255.0 * np.clip(srgb, 0.0, 1.0)).astype(np.uint8)
