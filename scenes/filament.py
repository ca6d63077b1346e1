"""MuJoCo's physically based renderer: the target domain, nearer to a photograph than the classic one."""

from __future__ import annotations

from functools import cache
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from .environments import environment
from .renderers import Renderer, RenderError

__all__ = ["FilamentRenderer"]

_CANDELA = 4.5e6  # of a light whose diffuse brightness is one; the lights hang seven metres away
_ENVIRONMENT = 26_000.0  # of the light from all around, at the nominal ambient brightness
_NOMINAL_AMBIENT = 0.32
_BULB = 0.3  # metres: how soft shadows are
_SAMPLES = 4  # per pixel, in colour pictures


class FilamentRenderer(Renderer):
    """Draws with Filament through Vulkan: on a graphics card, or in software through Mesa's driver.

    Model, camera and geometry are the classic renderer's. Materials are physical, lights have a size, and light comes
    from all around, too. Colours, textures, sizes and lights are followed as they are set at run time.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Prepare the scene.

        Raises:
            RenderError: If Vulkan does not come up.
        """
        super().__init__(model, camera_id, width, height)
        mjrf, context = _module(), _context()
        self._scene: Any = context.create_scene(mjrf.SceneParams())
        self._scene.configure_from_model(model)
        self._resources = mjrf.ModelResources(context, model)
        self._renderables = mjrf.ModelRenderables(self._scene, self._resources)
        self._lights = [self._add_spot(light) for light in range(model.nlight)]
        self._surroundings = _cube_texture(environment(model))
        self._environment = self._add_environment()
        self._colour = _Target(width, height, 3)
        self._values = _Target(width, height, 1)

    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour picture, top row first."""
        self._updated(data).set_msaa(_SAMPLES)
        return self._colour.draw(self._scene, self._view(data), "DEFAULT")

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; the far plane where nothing was hit."""
        self._updated(data).set_msaa(0)
        camera = self._view(data)
        near, far = camera.frustum_near, camera.frustum_far
        buffer = self._values.draw(self._scene, camera, "DEPTH")  # 1 at the near plane, 0 at the far one
        return (near * far / (near + buffer * (far - near))).astype(np.float32)

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom that each pixel shows, -1 for none."""
        self._updated(data).set_msaa(0)
        numbers = self._colour.draw(self._scene, self._view(data), "SEGMENTATION_BY_ID").astype(np.int32)
        return numbers @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32) - 1

    def close(self) -> None:
        """Free the scene; the process keeps its graphics context for the next one."""
        if self._scene is None:
            return
        for light in (*self._lights, self._environment):
            self._scene.remove_light(light)
        self._lights, self._environment = [], None  # users before what they use: Filament ends the process otherwise
        self._renderables = self._scene = self._resources = self._surroundings = None
        del self._colour, self._values

    def _updated(self, data: mujoco.MjData) -> Any:
        """The scene, as model and state are now."""
        if self._scene is None:
            raise RenderError("this renderer has been closed")
        self._renderables.update(data)
        for i, light in enumerate(self._lights):
            brightness = self.model.light_diffuse[i]
            light.set_pose(data.light_xpos[i], data.light_xdir[i])
            light.set_intensity(_CANDELA * float(brightness.max()))
            light.set_color(brightness / max(float(brightness.max()), 1e-6))
            light.set_cast_shadow(bool(self.model.light_castshadow[i]))
        ambient = float(self.model.vis.headlight.ambient.mean()) / _NOMINAL_AMBIENT
        self._environment.set_intensity(_ENVIRONMENT * ambient)
        return self._scene

    def _view(self, data: mujoco.MjData) -> Any:
        """The camera; between the two eyes that MuJoCo's scenes have."""
        fixed = mujoco.MjvCamera()
        fixed.type, fixed.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, self.camera_id
        seen = mujoco.mjv_camera2GLCamera(self.model, data, fixed)
        names = ("pos", "forward", "up")
        frustum = ("near", "far", "bottom", "top", "center", "width")
        return _module().Camera(
            **{name: getattr(seen, name) for name in (*names, *(f"frustum_{name}" for name in frustum))}
        )

    def _add_spot(self, light: int) -> Any:
        mjrf = _module()
        settings = mjrf.LightParams()
        settings.type = mjrf.LightType.LIGHT_SPOT
        settings.cutoff, settings.range = float(self.model.light_cutoff[light]), 30.0
        settings.bulb_radius, settings.cast_shadow = _BULB, True
        return self._added(settings)

    def _add_environment(self) -> Any:
        mjrf = _module()
        settings = mjrf.LightParams()
        settings.type = mjrf.LightType.LIGHT_IMAGE
        settings.texture = self._surroundings
        return self._added(settings)

    def _added(self, settings: Any) -> Any:
        light = _context().create_light(settings)
        self._scene.add_light(light)
        return light


class _Target:
    """What pictures of one size and kind are drawn into."""

    def __init__(self, width: int, height: int, channels: int) -> None:
        mjrf = _module()
        formats = mjrf.PixelFormat
        kind = formats.PIXEL_FORMAT_RGB8 if channels == 3 else formats.PIXEL_FORMAT_R32F
        self._target = _context().create_render_target(mjrf.RenderTargetConfig(color_format=kind))
        self._target.resize(width, height)
        self._size = width, height
        shape = (height, width, 3) if channels == 3 else (height, width)
        self._pixels = np.zeros(shape, np.uint8 if channels == 3 else np.float32)
        self._reading = mjrf.ReadRequest(target=self._target)
        self._reading.set_buffer(self._pixels)

    def draw(self, scene: Any, camera: Any, mode: str) -> NDArray[Any]:
        """A picture of the scene in one of Filament's draw modes."""
        mjrf, context = _module(), _context()
        request = mjrf.RenderRequest()
        request.scene, request.target, request.camera = scene, self._target, camera
        request.viewport.left = request.viewport.bottom = 0
        request.viewport.width, request.viewport.height = self._size
        request.draw_mode = getattr(mjrf.DrawMode, f"DRAW_MODE_{mode}")
        request.post_processing = mode == "DEFAULT"
        request.haze = request.headlight = False
        context.wait_for_frame(context.render([request], [self._reading]))
        return self._pixels.copy()


@cache
def _module() -> Any:
    import mujoco.studio  # noqa: F401 - registers Filament's materials; without it a context ends the process
    from mujoco import mjrf

    return mjrf


@cache
def _context() -> Any:
    """The process's graphics context. A driver that is not there would end the process, so another one tries first.

    Raises:
        RenderError: If it does not come up.
    """
    from .backends import probe

    report = probe("filament")
    if not report.works:
        raise RenderError(
            f"the filament renderer did not start: {report.detail}. Usual remedy: {report.remedy}. "
            "`ctr-env doctor` tries every renderer."
        )
    mjrf = _module()
    config = mjrf.ContextConfig()
    config.graphics_api = mjrf.GraphicsApi.GRAPHICS_API_VULKAN
    config.software_rendering = True  # no window; Vulkan still takes a graphics card where there is one
    context = mjrf.Context(config)
    context.set_clear_color([0.0, 0.0, 0.0])
    return context


def _cube_texture(faces: NDArray[np.uint8]) -> Any:
    """Upload ``(6, n, n, 3)`` sRGB faces (+x, -x, up, down, +y, -y)."""
    mjrf = _module()
    config = mjrf.TextureConfig()
    config.width, config.height = faces.shape[1], 6 * faces.shape[1]
    config.format = mjrf.PixelFormat.PIXEL_FORMAT_RGB8
    config.sampler_type = mjrf.SamplerType.TEXTURE_CUBE
    config.color_space = mjrf.ColorSpace.COLORSPACE_SRGB
    texture = _context().create_texture(config)
    picture = mjrf.TextureData()
    picture.set_image(np.ascontiguousarray(faces).tobytes())
    texture.upload(picture)
    return texture
