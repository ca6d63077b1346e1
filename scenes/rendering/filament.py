"""MuJoCo's physically based renderer: the target domain, closer to photographs than the classic renderer."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import RenderError

from .base import Renderer
from .contexts import ContextOwner, abandon
from .environments import environment
from .filament_context import acquire_context, filament_module, release_context

__all__ = ["FilamentRenderer"]

_CANDELA = 4.5e6  # of a light whose diffuse brightness is one, at a distance of seven metres
_ENVIRONMENT = 26_000.0  # intensity of the environment map at the nominal ambient brightness
_NOMINAL_AMBIENT = 0.32
_BULB = 0.3  # metres, radius of the lights, which determines the softness of shadows
_SAMPLES = 4  # per pixel, in colour images
_BRIGHTER = 8.0  # exposure ratio of the second image, which gives the dark parts
_FULL = 250  # of 255: brighter pixels of the second image count as overexposed


class FilamentRenderer(Renderer):
    """Renders with Filament through Vulkan, on a graphics card or in software with Mesa's driver.

    Model, camera and geometry are those of the classic renderer. Materials are physically based, lights have an extent,
    and an environment map adds indirect light. Changes of colours, textures, sizes and lights at run time are rendered.

    Filament's tone mapping adds noise that differs from frame to frame. Two linear images with different exposures are
    therefore read, combined and tone mapped here: the same state gives the same image, bit for bit.

    Filament 4.0.0 leaks about three megabytes per colour image (320x240, Mesa's driver): render thousands of images in
    several processes.
    """

    def __init__(self, model: mujoco.MjModel, camera_id: int, width: int, height: int) -> None:
        """Prepare the scene.

        Raises:
            RenderError: If there is no Vulkan driver.
            UsageError: If this process was forked from one that has rendered.
        """
        super().__init__(model, camera_id, width, height)
        self._owner = ContextOwner()
        mjrf = filament_module()
        self._context = acquire_context()  # a context renders one scene at a time
        self._scene = self._context.create_scene(mjrf.SceneParams())
        self._drawn = False
        self._scene.configure_from_model(model)
        self._resources = mjrf.ModelResources(self._context, model)
        self._renderables = mjrf.ModelRenderables(self._scene, self._resources)
        self._surroundings = _cube_texture(self._context, environment(model))
        self._lights = [self._light(_spot(model, light)) for light in range(model.nlight)]
        self._environment = self._light(_image_light(self._surroundings))
        formats = mjrf.PixelFormat
        self._colour = _Target(self._context, np.zeros((height, width, 3), np.uint8), formats.PIXEL_FORMAT_RGB8)
        self._values = _Target(self._context, np.zeros((height, width), np.float32), formats.PIXEL_FORMAT_R32F)

    def rgb(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """``(H, W, 3)`` colour image, top row first."""
        scene, camera = self._updated(data), self._view(data)
        scene.set_msaa(_SAMPLES)
        self._set_lights(data, 0.5)
        dark = self._colour.draw(self._context, scene, camera, "DEFAULT")
        self._set_lights(data, 0.5 * _BRIGHTER)
        bright = self._colour.draw(self._context, scene, camera, "DEFAULT")
        overexposed = (bright >= _FULL).any(axis=-1, keepdims=True)
        return _tone_mapped(np.where(overexposed, dark, bright / _BRIGHTER) * (2.0 / 255.0))

    def depth(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """``(H, W)`` distance along the optical axis, metres; that of the far plane for background."""
        scene, camera = self._updated(data), self._view(data)
        scene.set_msaa(0)
        near, far = camera.frustum_near, camera.frustum_far
        buffer = self._values.draw(self._context, scene, camera, "DEPTH")  # 1 at the near plane, 0 at the far one
        return (near * far / (near + buffer * (far - near))).astype(np.float32)

    def segmentation(self, data: mujoco.MjData) -> NDArray[np.int32]:
        """``(H, W)`` index of the geom at each pixel, -1 for none."""
        scene, camera = self._updated(data), self._view(data)
        scene.set_msaa(0)
        numbers = self._colour.draw(self._context, scene, camera, "SEGMENTATION_BY_ID").astype(np.int32)
        return np.asarray(numbers @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32) - 1)

    def close(self) -> None:
        """Free the scene, and release the context for reuse by the same thread."""
        if self._scene is None:
            return
        if self._owner.may_free():
            self._free()
        else:
            abandon(dict(self.__dict__))
        self._scene = None

    def _free(self) -> None:
        if not self._drawn:  # Filament reads the model until the first image is finished, and it may be deleted now
            self.depth(mujoco.MjData(self.model))
        for light in (*self._lights, self._environment):
            self._scene.remove_light(light)
        # objects before the resources that they use, otherwise Filament ends the process
        for name in ("_lights", "_environment", "_renderables", "_scene", "_resources", "_surroundings"):
            setattr(self, name, None)
        self._context.flush()
        release_context(self._context)
        self._colour = self._values = self._context = None  # type: ignore[assignment]

    def __del__(self) -> None:
        """Free a renderer that was never closed, in the right order; abandon it in a thread that must not."""
        if getattr(self, "_values", None) is None:
            return
        if self._owner.is_caller:
            self.close()
        elif self._scene is not None:
            abandon(dict(self.__dict__))

    def _updated(self, data: mujoco.MjData) -> Any:
        """The scene with the current poses."""
        if self._scene is None:
            raise RenderError("this renderer has been closed")
        self._owner.require()
        self._renderables.update(data)
        self._drawn = True
        return self._scene

    def _set_lights(self, data: mujoco.MjData, exposure: float) -> None:
        """Set all lights to the model's intensities, times an exposure."""
        for i, light in enumerate(self._lights):
            brightness = self.model.light_diffuse[i]
            strongest = max(float(brightness.max()), 1e-6)
            light.set_pose(data.light_xpos[i], data.light_xdir[i])
            light.set_color(brightness / strongest)
            light.set_intensity(_CANDELA * strongest * exposure)
            light.set_cast_shadow(bool(self.model.light_castshadow[i]))
        ambient = float(self.model.vis.headlight.ambient.mean()) / _NOMINAL_AMBIENT
        self._environment.set_intensity(_ENVIRONMENT * ambient * exposure)

    def _view(self, data: mujoco.MjData) -> Any:
        """The camera, midway between the two eyes of MuJoCo's stereo scenes."""
        fixed = mujoco.MjvCamera()
        fixed.type, fixed.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, self.camera_id
        camera = mujoco.mjv_camera2GLCamera(self.model, data, fixed)
        frustum = (f"frustum_{name}" for name in ("near", "far", "bottom", "top", "center", "width"))
        return filament_module().Camera(**{name: getattr(camera, name) for name in ("pos", "forward", "up", *frustum)})

    def _light(self, settings: Any) -> Any:
        light = self._context.create_light(settings)
        self._scene.add_light(light)
        return light


class _Target:
    """A render target with the buffer that images are read into."""

    def __init__(self, context: Any, pixels: NDArray[Any], pixel_format: Any) -> None:
        mjrf = filament_module()
        self._pixels = pixels
        self._target = context.create_render_target(mjrf.RenderTargetConfig(color_format=pixel_format))
        self._target.resize(pixels.shape[1], pixels.shape[0])
        self._reading = mjrf.ReadRequest(target=self._target)
        self._reading.set_buffer(self._pixels)

    def draw(self, context: Any, scene: Any, camera: Any, mode: str) -> NDArray[Any]:
        """Render the scene in one of Filament's draw modes, without post-processing."""
        mjrf = filament_module()
        request = mjrf.RenderRequest()
        request.scene, request.target, request.camera = scene, self._target, camera
        request.viewport.left = request.viewport.bottom = 0
        request.viewport.height, request.viewport.width = self._pixels.shape[:2]
        request.draw_mode = getattr(mjrf.DrawMode, f"DRAW_MODE_{mode}")
        request.post_processing = request.haze = request.headlight = False
        context.wait_for_frame(context.render([request], [self._reading]))
        return self._pixels.copy()


def _tone_mapped(light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """8-bit sRGB of linear light, with filmic compression of highlights (K. Narkowicz's fit of ACES)."""
    exposed = 0.8 * light
    mapped = exposed * (2.51 * exposed + 0.03) / (exposed * (2.43 * exposed + 0.59) + 0.14)
    mapped = np.clip(mapped, 0.0, 1.0)
    encoded = np.where(mapped <= 0.0031308, 12.92 * mapped, 1.055 * mapped ** (1.0 / 2.4) - 0.055)
    return np.round(255.0 * encoded).astype(np.uint8)


def _spot(model: mujoco.MjModel, light: int) -> Any:
    mjrf = filament_module()
    settings = mjrf.LightParams()
    settings.type = mjrf.LightType.LIGHT_SPOT
    settings.cutoff, settings.range = float(model.light_cutoff[light]), 30.0
    settings.bulb_radius, settings.cast_shadow = _BULB, True
    return settings


def _image_light(texture: Any) -> Any:
    mjrf = filament_module()
    settings = mjrf.LightParams()
    settings.type, settings.texture = mjrf.LightType.LIGHT_IMAGE, texture
    return settings


def _cube_texture(context: Any, faces: NDArray[np.uint8]) -> Any:
    """Upload ``(6, n, n, 3)`` sRGB faces (+x, -x, up, down and the sides)."""
    mjrf = filament_module()
    config = mjrf.TextureConfig()
    config.width, config.height = faces.shape[1], 6 * faces.shape[1]
    config.format = mjrf.PixelFormat.PIXEL_FORMAT_RGB8
    config.sampler_type = mjrf.SamplerType.TEXTURE_CUBE
    config.color_space = mjrf.ColorSpace.COLORSPACE_SRGB
    texture = context.create_texture(config)
    image = mjrf.TextureData()
    image.set_image(np.ascontiguousarray(faces).tobytes())
    texture.upload(image)
    return texture
