"""Which process and thread may use a graphics context: those that made it."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any

from ctr_env.errors import UsageError

__all__ = ["ContextOwner", "abandon"]

_first_process: int | None = None
"""Process of the first graphics context; a forked process inherits the number."""


class ContextOwner:
    """The process and the thread of one graphics context.

    Graphics drivers keep state and worker threads per process, which a fork does not copy: a forked process that
    renders waits for ever. They bind a context to one thread: another one gets an error of the driver, or ends the
    process.
    """

    def __init__(self) -> None:
        """Register the calling process and thread, before the context is made.

        Raises:
            UsageError: If this process was forked from one that has made a graphics context.
        """
        global _first_process
        self._process = os.getpid()
        self._thread = threading.current_thread()
        if _first_process is None:
            _first_process = self._process
        elif _first_process != self._process:
            raise _fork_error(_first_process)

    @property
    def is_caller(self) -> bool:
        """Whether the calling process and thread own the context."""
        return self._process == os.getpid() and self._thread is threading.current_thread()

    def require(self) -> None:
        """Check that the calling process and thread own the context.

        Raises:
            UsageError: If they do not.
        """
        if self._process != os.getpid():
            raise _fork_error(self._process)
        if self._thread is not threading.current_thread():
            raise UsageError(
                f"a graphics context belongs to one thread: the renderer was made in {self._thread.name!r} and used in "
                f"{threading.current_thread().name!r}; make and close the renderer (or the environment, which makes "
                "it for its first image) in the thread that uses it"
            )

    def may_free(self) -> bool:
        """Whether the calling thread may free the context.

        Returns:
            False in a forked process and where the owning thread has ended: nobody can free the context then, and what
            holds it must be kept (:func:`abandon`).

        Raises:
            UsageError: If another thread owns the context, which could still free it.
        """
        if self._process != os.getpid() or not self._thread.is_alive():
            return False
        self.require()
        return True


def abandon(resources: Any) -> None:
    """Never destroy what holds a context: its destructor would call the driver from a wrong thread or process."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(resources))  # a list of ours would be cleared when the process ends


def _fork_error(parent: int) -> UsageError:
    return UsageError(
        f"process {os.getpid()} was forked from process {parent}, which has made a graphics context; graphics drivers "
        'do not survive a fork: start workers with context="forkserver" or "spawn" (AsyncVectorEnv; '
        'start_method="forkserver" of SubprocVecEnv), or fork before the first image'
    )
