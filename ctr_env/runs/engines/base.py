"""The interface of engines: independent jobs in, their results out in the order in which they end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["ATTEMPTS", "Engine", "Finished"]

ATTEMPTS = 4
"""Times that a job is begun, before it is given up because its worker process died each time."""

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """A job that has ended.

    Attributes:
        index: Number of the job in the sequence given to :meth:`Engine.run`.
        result: What the function returned; ``None`` if the job is lost.
        lost: Why there is no result: the worker process died at every attempt; empty if there is one.
    """

    index: int
    result: Result | None
    lost: str = ""


class Engine(ABC):
    """Runs a function on many jobs.

    Worker processes live as long as :meth:`run` and keep what the function stores in its module, such as scenes and
    networks. Each computes on one thread. A job whose process is killed is begun again in another one, so a job may
    begin several times: the function must not repeat what is done already, and must not rely on earlier jobs.
    """

    @abstractmethod
    def run(self, function: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Finished[Result], None, None]:
        """Run all jobs.

        When the iterator is closed, or an exception such as ``KeyboardInterrupt`` is raised, the worker processes are
        ended at once.

        Args:
            function: A function that can be pickled; its exceptions are raised here, and end the run.
            jobs: Its arguments, likewise.

        Yields:
            Every job once, in the order in which they end.
        """
