"""Path-traced images by Mitsuba 3: slow, with soft shadows, light from walls and floor, and reflections."""

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
_SHOULDER = 0.6  # linear intensity from which on highlights are rolled off


class MitsubaRenderer(Renderer):
    """Mitsuba's path tracer on the processor; seconds an image.

    Depth and segmentation are those of the pixels' centres. The camera must have a sensor size and square pixels. Every
    light throws shadows; emission of materials is not drawn, and what is
    half transparent is drawn opaque.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Load Mitsuba.

        Raises:
            RenderError: If it is not installed.
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
        return _developed(np.array(mi.render(scene, sensor=sensor, integrator=integrator, seed=_SEED)))

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; the far plane where nothing was hit."""
        points, index = self._first_hits(data)
        axis = -data.cam_xmat[self.camera_id].reshape(3, 3)[:, 2]
        far = self.model.vis.map.zfar * self.model.stat.extent
        return np.where(index >= 0, (points - data.cam_xpos[self.camera_id]) @ axis, far).astype(np.float32)

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom that each pixel shows, -1 for none."""
        return self._first_hits(data)[1]

    def close(self) -> None:
        """Refuse further images; there is nothing to free."""
        self._mitsuba = None

    def _first_hits(self, data: mujoco.MjData) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """What the rays through the pixels' centres meet: ``(H, W, 3)`` world points (m) and ``(H, W)`` geoms."""
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

        record = {
            "type": "hdrfilm",
            "width": self.width,
            "height": self.height,
            "pixel_format": "rgb",
            "component_format": "float32",
            "rfilter": {"type": pixel_filter},
        }
        sensor = sensor_dict(self.model, data, self.camera_id, self.width, self.height)
        return self._mitsuba.load_dict({**sensor, "film": record, "sampler": sampler})

    def _opened(self) -> Any:
        if self._mitsuba is None:
            raise RenderError("this renderer has been closed")
        self._mitsuba.set_variant(_VARIANT)  # a setting of the process, which others may have changed
        return self._mitsuba


def _developed(radiance: NDArray[np.floating]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear light, with highlights that fade to white instead of being cut off."""
    light = np.maximum(_EXPOSURE * radiance, 0.0)
    over = np.maximum(light - _SHOULDER, 0.0) / (1.0 - _SHOULDER)
    light = np.where(light > _SHOULDER, _SHOULDER + (1.0 - _SHOULDER) * over / (1.0 + over), light)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1.0 / 2.4) - 0.055)
    return np.round(255.0 * np.clip(srgb, 0.0, 1.0)).astype(np.uint8)
