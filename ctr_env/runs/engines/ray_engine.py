"""Jobs on a Ray cluster, or on one that is started on this machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

from ctr_env.errors import ConfigurationError, MissingDependencyError
from ctr_env.runs.cores import available_cores

from .base import ATTEMPTS, Engine, Finished, Job, Result
from .worker import THREADS, start_worker

__all__ = ["RayEngine"]

_LOCAL = "local"


class RayEngine(Engine):
    """Ray tasks of one core each; Ray begins those again whose process or machine dies.

    The package must be installed on every machine of the cluster, in the same version.
    """

    def __init__(self, address: str = _LOCAL, workers: int | None = None, attempts: int = ATTEMPTS) -> None:
        """Make an engine; it connects with :meth:`run`.

        Args:
            address: ``"local"``: start Ray on this machine; ``"auto"``: the cluster that this machine is part of; else
                the address of a cluster, as ``ray.init`` takes it.
            workers: Number of jobs at a time; ``None``: one for each core of the cluster.
            attempts: Times that a job is begun if its process dies.

        Raises:
            ConfigurationError: If the number of workers is not positive.
            MissingDependencyError: If Ray is not installed.
        """
        if workers is not None and workers < 1:
            raise ConfigurationError(f"workers must be at least 1, not {workers}")
        self._address, self._workers, self._attempts = address, workers, attempts
        self._ray = _import_ray()

    def run(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Finished[Result], None, None]:
        """Run all jobs; see :meth:`Engine.run`."""
        ray = self._ray
        connected = ray.is_initialized()
        if not connected:
            self._connect()
        try:
            yield from self._tasks(function, jobs)
        finally:
            if not connected:
                ray.shutdown()

    def _connect(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        if self._address == _LOCAL:
            os.environ.update({name: os.environ.get(name, value) for name, value in THREADS.items()})
            options |= {"address": "local", "num_cpus": self._workers or available_cores(), "include_dashboard": False}
        else:
            options["address"] = self._address
        try:
            self._ray.init(**options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"no Ray cluster at address {self._address!r}: {error}; start one with `ray start --head`, or take "
                f"address {_LOCAL!r}"
            ) from error

    def _tasks(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Finished[Result], None, None]:
        ray = self._ray
        errors = ray.exceptions
        remote = ray.remote(num_cpus=1, max_retries=self._attempts - 1)(_run)
        handle = ray.put(function)
        window = self._workers or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting, running = deque(range(len(jobs))), dict[Any, int]()
        try:
            while waiting or running:
                while waiting and len(running) < window:
                    index = waiting.popleft()
                    running[remote.remote(handle, jobs[index])] = index
                ended = []
                for reference in ray.wait(list(running))[0]:
                    index = running.pop(reference)
                    try:
                        ended.append(Finished(index, ray.get(reference)))
                    except errors.RayTaskError as error:
                        raise error.cause from error
                    except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.NodeDiedError):
                        ended.append(Finished(index, None, "worker died"))
                yield from ended
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def _run(function: Callable[[Job], Result], job: Job) -> Result:
    start_worker(None)
    return function(job)


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError("the engine ray needs Ray: pip install 'ctr-env[cluster]'") from error
    return ray
