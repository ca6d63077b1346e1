"""Images from worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ctr_env.errors import WorkerError
from ctr_env.runs.start_method import graphics_start_method
from ctr_env.scenes.world.config import SceneConfig

from .image_worker import ImageRequest, image_view, run_image_worker

__all__ = ["ImageWorkers"]

_PATIENCE_S = 5.0


class _Worker(NamedTuple):
    process: BaseProcess
    connection: Connection


class ImageWorkers:
    """Processes that draw, each with a graphics context; they start with the first image.

    Contexts are neither forked nor moved between threads: a process that has one draws for several environments.
    """

    def __init__(self, config: SceneConfig, renderer: str, environments: int, processes: int) -> None:
        """Draw for environments whose scenes are alike.

        Args:
            config: Configuration of the scenes.
            renderer: Name of the renderer.
            environments: Number of environments.
            processes: Number of processes.
        """
        self._config, self._renderer = config, renderer
        self._environments, self._processes = environments, processes
        self._workers: list[_Worker] = []

    def images(self, requests: Sequence[ImageRequest]) -> dict[int, NDArray[Any]]:
        """The images that are asked for, by environment.

        Raises:
            RenderError: If an image cannot be drawn.
            WorkerError: If a process has ended.
        """
        if not requests:
            return {}
        if not self._workers:
            self._start()
        asked = [requests[i :: len(self._workers)] for i in range(len(self._workers))]
        busy = [(worker, part) for worker, part in zip(self._workers, asked, strict=True) if part]
        try:
            for worker, part in busy:
                worker.connection.send(part)
            answers = [worker.connection.recv() for worker, _ in busy]
        except (EOFError, OSError) as error:
            self.close()
            raise WorkerError(
                "an image worker has ended, killed or out of memory; make the environment anew"
            ) from error
        except BaseException:  # interrupted: the answers that are on their way belong to no later question
            self.close()
            raise
        for answer in answers:
            if answer is not None:
                raise answer
        size = self._config.width, self._config.height
        return {r.index: image_view(self._buffer, r.kind, r.index, *size).copy() for r in requests}

    def close(self) -> None:
        """End the processes; the next image starts new ones."""
        workers, self._workers = self._workers, []
        for worker in workers:
            with suppress(OSError):  # it has ended
                worker.connection.send(None)
        for worker in workers:
            worker.process.join(_PATIENCE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
            worker.process.close()

    def _start(self) -> None:
        context: Any = multiprocessing.get_context(graphics_start_method())
        self._buffer = context.RawArray("b", 4 * self._config.width * self._config.height * self._environments)
        for number in range(min(self._processes, self._environments)):
            ours, theirs = context.Pipe()
            arguments = theirs, self._buffer, self._config, self._renderer
            process = context.Process(target=run_image_worker, args=arguments, name=f"images-{number}", daemon=True)
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))
