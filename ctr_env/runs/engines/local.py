"""Jobs in this process, or in several of this machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from joblib.externals.loky.process_executor import (
    BrokenProcessPool,
    ProcessPoolExecutor,
    TerminatedWorkerError,
)

from ctr_env.errors import ConfigurationError, WorkerError
from ctr_env.runs.cores import available_cores

from .base import ATTEMPTS, Engine, Finished, Job, Result
from .worker import THREADS, limit_loaded_libraries, one_thread, start_worker

__all__ = ["LocalEngine"]


class LocalEngine(Engine):
    """Worker processes of joblib's ``loky``; with one worker, this process.

    Every worker is a pool of its own: when one dies, the other jobs go on, and it is known which job it had.

    Attributes:
        workers: Number of jobs at a time.
    """

    def __init__(self, workers: int | None = None, attempts: int = ATTEMPTS) -> None:
        """Make an engine; processes start with :meth:`run`.

        Args:
            workers: Number of jobs at a time; ``None``: one for each core that this process may use.
            attempts: Times that a job is begun if its process dies.

        Raises:
            ConfigurationError: If the number of workers is not positive.
        """
        self.workers = available_cores() if workers is None else workers
        if self.workers < 1:
            raise ConfigurationError(f"workers must be at least 1, not {self.workers}")
        self._attempts = attempts

    def run(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Finished[Result], None, None]:
        """Run all jobs; see :meth:`Engine.run`."""
        if self.workers == 1:
            with one_thread():
                for index, job in enumerate(jobs):
                    result = function(job)
                    limit_loaded_libraries()  # that the first job has loaded
                    yield Finished(index, result)
        else:
            yield from self._in_processes(function, jobs)

    def _in_processes(
        self, function: Callable[[Job], Result], jobs: Sequence[Job]
    ) -> Generator[Finished[Result], None, None]:
        waiting, begun = deque(range(len(jobs))), [0] * len(jobs)
        workers = [_Worker() for _ in range(min(self.workers, len(jobs)))]
        idle, running = list(workers), dict[Future[Result], tuple[_Worker, int]]()
        try:
            while True:
                while idle and waiting:
                    worker, index = idle.pop(), waiting.popleft()
                    begun[index] += 1
                    running[worker.submit(function, jobs[index])] = worker, index
                if not running:
                    return
                ended = []
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    worker, index = running.pop(future)
                    idle.append(worker)
                    try:
                        ended.append(Finished(index, future.result()))
                    except TerminatedWorkerError:
                        if begun[index] < self._attempts:
                            waiting.appendleft(index)
                        else:
                            ended.append(Finished(index, None, "worker died"))
                    except BrokenProcessPool as error:
                        raise WorkerError(f"a worker process could not read its job: {_cause(error)}") from error
                yield from ended
        finally:
            for worker in workers:
                worker.end()


class _Worker:
    """One worker process, and the next one if it dies."""

    def __init__(self) -> None:
        self._pool: Any = None

    def submit(self, function: Callable[[Any], Result], job: Any) -> Future[Result]:
        try:
            return self._running_pool().submit(function, job)
        except TerminatedWorkerError:  # it died with or after its last job
            self.end()
            return self._running_pool().submit(function, job)

    def _running_pool(self) -> Any:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, initializer=start_worker, initargs=(os.getpid(),), env=dict(THREADS))
        return self._pool

    def end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


def _cause(error: BaseException) -> str:
    """The last line of the error in the worker process."""
    return str(error.__cause__ or error).strip().strip('"').strip().splitlines()[-1]
