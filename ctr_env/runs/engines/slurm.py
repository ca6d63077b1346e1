"""Jobs under Slurm, through ``submitit``."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError, MissingDependencyError, WorkerError

from .base import ATTEMPTS, Engine, Finished, Job, Result
from .worker import start_worker

__all__ = ["SlurmEngine"]

_POLL_S = 1.0
_BLOCKS = 8  # blocks of jobs for each worker: progress is seen by blocks


class SlurmEngine(Engine):
    """Slurm tasks of one core each, every one for a block of consecutive jobs; their results arrive together."""

    def __init__(
        self, folder: Path, workers: int, parameters: Mapping[str, Any] | None = None, attempts: int = ATTEMPTS
    ) -> None:
        """Make an engine; tasks are submitted with :meth:`run`.

        Args:
            folder: Folder, shared by all machines, for submitted jobs, results and logs.
            workers: Number of tasks at a time.
            parameters: Further parameters of ``submitit``, such as ``{"slurm_partition": "cpu", "timeout_min": 240}``;
                ``cluster="local"`` runs the tasks on this machine without Slurm.
            attempts: Times that a job is begun if its process dies.

        Raises:
            ConfigurationError: If the number of workers is not positive or Slurm is not installed here.
            MissingDependencyError: If ``submitit`` is not installed.
        """
        if workers < 1:
            raise ConfigurationError(f"workers must be at least 1, not {workers}")
        try:
            import submitit
        except ImportError as error:
            raise MissingDependencyError("the engine slurm needs submitit: pip install 'ctr-env[cluster]'") from error
        given = {"cpus_per_task": 1, "slurm_array_parallelism": workers, **(parameters or {})}
        cluster = given.pop("cluster", "slurm")
        try:
            self._executor = submitit.AutoExecutor(folder, cluster=cluster)
            self._executor.update_parameters(**given)
        except (RuntimeError, NameError, ValueError) as error:
            raise ConfigurationError(f"the engine slurm cannot be used: {error}") from error
        self._workers, self._attempts = workers, attempts
        self._failed, self._died = submitit.core.utils.FailedJobError, submitit.core.utils.UncompletedJobError

    def run(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Finished[Result], None, None]:
        """Run all jobs; see :meth:`Engine.run`."""
        size = -(-len(jobs) // (_BLOCKS * self._workers))
        blocks = [tuple(range(len(jobs))[i : i + size]) for i in range(0, len(jobs), max(size, 1))]
        begun, running = [0] * len(jobs), self._submit(function, jobs, blocks)
        try:
            while running:
                again = []
                for task in [task for task in running if task.done()]:
                    block = running.pop(task)
                    try:
                        results = task.result()
                        if isinstance(results, Exception):
                            raise results
                        yield from (Finished(*pair) for pair in zip(block, results, strict=True))
                    except self._failed as error:  # outside the function, such as a module that is not found
                        raise WorkerError(f"a Slurm task failed: {str(error).strip().splitlines()[-1]}") from error
                    except self._died:  # then each of the block on its own, to find out which
                        for index in block:
                            begun[index] += 1
                            if begun[index] < self._attempts:
                                again.append((index,))
                            else:
                                yield Finished(index, None, "worker died")
                running |= self._submit(function, jobs, again)
                time.sleep(_POLL_S if running else 0.0)
        finally:
            for task in running:
                task.cancel()

    def _submit(self, function: Any, jobs: Sequence[Any], blocks: Sequence[tuple[int, ...]]) -> dict[Any, Any]:
        tasks = [(function, [jobs[i] for i in block]) for block in blocks]
        return dict(zip(self._executor.map_array(_run, tasks), blocks, strict=True)) if blocks else {}


def _run(task: tuple[Callable[[Job], Result], list[Job]]) -> list[Result] | Exception:
    """The results of a block of jobs, or the exception of one of them."""
    start_worker(None)
    function, jobs = task
    try:
        return [function(job) for job in jobs]
    except Exception as error:
        return error
