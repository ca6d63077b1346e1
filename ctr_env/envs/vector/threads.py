"""The same call for many objects, shared by a few threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Threads"]

Item = TypeVar("Item")


class Threads:
    """The calling thread and its helpers, which start with the first call that needs them.

    They run at once where the calls leave Python, as MuJoCo's physics does.
    """

    def __init__(self, count: int) -> None:
        """Share work among a number of threads, the calling one included."""
        self._count = count
        self._helpers: ThreadPoolExecutor | None = None

    def each(self, function: Callable[[Item], None], items: Sequence[Item]) -> None:
        """Call a function for every item; of its exceptions the first one is raised when all threads are done."""
        parts = [items[i :: self._count] for i in range(min(self._count, len(items)))]
        if len(parts) > 1 and self._helpers is None:
            self._helpers = ThreadPoolExecutor(self._count - 1, thread_name_prefix="physics")
        waiting = [self._helpers.submit(_all, function, part) for part in parts[1:]] if self._helpers else []
        try:
            _all(function, parts[0] if parts else [])
        finally:
            errors = [error for future in waiting if (error := future.exception())]
        if errors:
            raise errors[0]

    def close(self) -> None:
        """End the helpers."""
        if self._helpers is not None:
            self._helpers.shutdown()
            self._helpers = None


def _all(function: Callable[[Item], None], items: Sequence[Item]) -> None:
    for item in items:
        function(item)
