"""Environments that take their steps together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.envs.measurement import Measurement
from ctr_env.envs.servo_env import ServoEnv

from .image_worker import ImageRequest, Kind
from .image_workers import ImageWorkers
from .threads import Threads

__all__ = ["Lockstep", "Observed"]

Observed = tuple[dict[str, NDArray[Any]], dict[str, Any]]
"""Observation and ``info`` (without ``draws``) of one environment."""


class Lockstep:
    """Steps several environments as :meth:`ServoEnv.step` and :meth:`ServoEnv.reset` do one.

    Physics runs in threads, worker processes draw the images, and the estimator sees the frames of all environments
    together. Everything else is done by one environment after the other, with the same arithmetic.

    Attributes:
        envs: The environments, all made alike.
    """

    def __init__(self, envs: Sequence[ServoEnv], cores: int) -> None:
        """Step environments.

        Args:
            envs: Environments that differ in nothing but their state.
            cores: Number of threads, and of processes that draw.
        """
        self.envs = tuple(envs)
        first = envs[0]
        self._threads = Threads(cores)
        self._workers = ImageWorkers(first.scene.config, first.config.renderer, len(envs), cores)
        self._measured: dict[int, Measurement] = {}

    def act(self, indices: Sequence[int], actions: NDArray[np.float32]) -> None:
        """Let one camera frame pass in some of the environments.

        Args:
            indices: The environments.
            actions: ``(N, ...)`` actions of all environments.
        """
        envs = [self.envs[i] for i in indices]
        for env, index in zip(envs, indices, strict=True):
            env.act(actions[index])
        self._threads.each(ServoEnv.advance, envs)

    def observe(self, indices: Sequence[int]) -> dict[int, Observed]:
        """Observations of environments that have begun an episode or acted since their last one."""
        if not indices:
            return {}
        measured = {i: self.envs[i].measure() for i in indices}
        self._measured |= measured
        images: Mapping[int, NDArray[Any]] = self._images(i for i in indices if measured[i].wants_image)
        frames = [measured[i].frame(images.get(i)) for i in indices]
        estimators = [self.envs[i].estimator for i in indices]
        estimates = type(estimators[0]).estimate_each(estimators, frames)
        return {
            i: self.envs[i].conclude(measured[i], images.get(i), estimate)
            for i, estimate in zip(indices, estimates, strict=True)
        }

    def render(self, kind: Kind) -> tuple[NDArray[Any], ...]:
        """Images of all environments at this instant."""
        found = {} if kind == "depth_array" else {i: env.snapshot.image for i, env in enumerate(self.envs)}
        drawn = self._images((i for i in range(len(self.envs)) if found.get(i) is None), kind)
        return tuple(drawn[i] if i in drawn else np.asarray(found[i]) for i in range(len(self.envs)))

    def close(self) -> None:
        """End threads and processes, and close the environments."""
        self._threads.close()
        self._workers.close()
        for env in self.envs:
            env.close()

    def _images(self, indices: Iterable[int], kind: Kind = "rgb_array") -> dict[int, NDArray[Any]]:
        return self._workers.images([self._request(i, kind) for i in indices])

    def _request(self, index: int, kind: Kind) -> ImageRequest:
        env, measured = self.envs[index], self._measured[index]
        return ImageRequest(index, env.scene.state(), env.episode, measured.frame_draws, measured.step, kind)
