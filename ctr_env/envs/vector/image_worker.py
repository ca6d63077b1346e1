"""The process that draws images of other processes' scenes."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctr_env.envs.episode import Episode
from ctr_env.envs.imaging import SceneCamera
from ctr_env.errors import RenderError
from ctr_env.runs.engines.worker import start_worker
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.scene_state import SceneState

__all__ = ["ImageRequest", "Kind", "image_view", "run_image_worker"]

Kind = Literal["rgb_array", "depth_array"]
"""``(H, W, 3)`` uint8 with all camera effects, or ``(H, W)`` float32 depth in metres."""


@dataclass(frozen=True)
class ImageRequest:
    """One image of one environment.

    Attributes:
        index: The environment.
        state: The scene.
        episode: The episode, whose draws contain the camera effects.
        frame_draws: Draws of this frame.
        step: Number of the frame.
        kind: What is drawn.
    """

    index: int
    state: SceneState
    episode: Episode
    frame_draws: Draws
    step: int
    kind: Kind = "rgb_array"


def image_view(buffer: Any, kind: Kind, index: int, width: int, height: int) -> NDArray[Any]:
    """The place of an environment's image in the memory that the processes share, 4 bytes a pixel."""
    start, pixels = 4 * index * width * height, width * height
    if kind == "depth_array":
        return np.frombuffer(buffer, np.float32, pixels, start).reshape(height, width)
    return np.frombuffer(buffer, np.uint8, 3 * pixels, start).reshape(height, width, 3)


def run_image_worker(connection: Connection, buffer: Any, config: SceneConfig, renderer: str) -> None:
    """Draw until ``None`` comes, or the other end is closed.

    Lists of requests come in; for each list the answer is ``None``, when the images are in the shared memory, or the
    exception that was raised.

    Args:
        connection: To the process that asks.
        buffer: Shared memory for the images.
        config: Configuration of the scenes.
        renderer: Name of the renderer.
    """
    start_worker(None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks decides
    drawer: _Drawer | None = None
    try:
        while (requests := connection.recv()) is not None:
            try:
                drawer = drawer or _Drawer(config, renderer)
                for request in requests:
                    drawer.draw(request, buffer)
                connection.send(None)
            except Exception as error:
                connection.send(RenderError(f"an image worker failed: {type(error).__name__}: {error}"))
    except (EOFError, OSError):  # the other process has ended
        pass
    finally:
        if drawer is not None:
            drawer.camera.close()


class _Drawer:
    """One scene and one graphics context, which serve for several environments in turn."""

    def __init__(self, config: SceneConfig, renderer: str) -> None:
        self._scene = Scene(config)
        self._size = config.width, config.height
        self.camera = SceneCamera(self._scene, renderer, *self._size)

    def draw(self, request: ImageRequest, buffer: Any) -> None:
        self._scene.show(request.state)
        if request.kind == "depth_array":
            image: NDArray[Any] = self.camera.depth()
        else:
            image = self.camera.image(request.episode, request.frame_draws, request.step)
        image_view(buffer, request.kind, request.index, *self._size)[:] = image
