"""Commands from other threads, run by the thread that owns camera, estimator and files."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future

from ctr_env.errors import CtrEnvError

__all__ = ["CommandQueue"]

Command = Callable[[], None]


class CommandQueue:
    """A queue of commands; a command's error is that of its future."""

    def __init__(self) -> None:
        """Start with no command."""
        self._waiting: queue.SimpleQueue[tuple[Command, Future[None]]] = queue.SimpleQueue()

    def submit(self, command: Command) -> Future[None]:
        """Have a command run by the owner's thread; its future."""
        done: Future[None] = Future()
        self._waiting.put((command, done))
        return done

    def run(self, seconds: float) -> None:
        """Run the commands that wait or come within some seconds.

        Only a user's mistakes (:class:`~ctr_env.errors.CtrEnvError`) are left to the future; other errors are raised
        here as well.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                command, done = self._waiting.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            try:
                command()
            except CtrEnvError as error:
                done.set_exception(error)
            except BaseException as error:
                done.set_exception(error)
                raise
            else:
                done.set_result(None)
