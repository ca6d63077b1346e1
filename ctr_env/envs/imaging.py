"""Images of the scene: renderer and camera effects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.randomization.apply import image_effects
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.rendering.base import Renderer
from ctr_env.scenes.rendering.image_effects import apply_image_effects
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.scene import Scene

from .episode import Episode
from .lens_distortion import LensDistortion

__all__ = ["SceneCamera"]


class SceneCamera:
    """Renders a scene and applies the camera effects that an episode has drawn.

    The graphics context is made for the first image and not in the constructor, as contexts can neither be pickled nor
    forked. It belongs to the thread that makes it.
    """

    def __init__(self, scene: Scene, renderer: str, width: int, height: int) -> None:
        """Render a scene.

        Args:
            scene: The scene.
            renderer: Name of the renderer.
            width: Image width, pixels.
            height: Image height, pixels.
        """
        self._scene = scene
        self._name = renderer
        self._width = width
        self._height = height
        self._renderer: Renderer | None = None
        self._lens = LensDistortion()

    @property
    def renderer(self) -> Renderer:
        """The renderer, made on first use.

        Raises:
            UsageError: If this process was forked from one that has rendered.
        """
        if self._renderer is None:
            scene = self._scene
            self._renderer = make_renderer(self._name, scene.model, scene.camera_id, self._width, self._height)
        return self._renderer

    def image(self, episode: Episode, frame_draws: Draws, step: int) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 image of the scene as it is.

        Args:
            episode: Whose draws contain the effects.
            frame_draws: Draws of this frame, which replace those of the episode.
            step: Number of the frame, which determines its noise.
        """
        image = self._lens.distort(self.renderer.rgb(self._scene.data), self._scene.camera, episode.draws)
        effects = image_effects(episode.draws)
        if frame_draws:
            effects = effects | image_effects(frame_draws)
        if not effects:
            return image
        depth = self.depth() / self._scene.arm_depth if effects.get("defocus_px") else None
        return apply_image_effects(image, effects, episode.stream("image", step), depth)

    def depth(self) -> NDArray[np.float32]:
        """``(H, W)`` depth, metres."""
        return self.renderer.depth(self._scene.data)

    def robot_mask(self) -> NDArray[np.bool_]:
        """``(H, W)`` true robot pixels."""
        return self._scene.robot_mask(self.renderer.segmentation(self._scene.data))

    def close(self) -> None:
        """Free the graphics context; the next image makes another one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the graphics context, which belongs to this process."""
        return {**self.__dict__, "_renderer": None}
