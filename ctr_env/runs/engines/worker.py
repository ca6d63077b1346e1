"""What a worker process does before its first job: one thread, no interrupts, and an end when its parent ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["THREADS", "limit_loaded_libraries", "one_thread", "start_worker"]

THREADS: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "LP_NUM_THREADS": "0",  # of Mesa's, beside the one that draws: with one, that would only wait
}
"""Environment variables, read when libraries are loaded, that let each compute on one thread."""

_PERIOD_S = 0.5


def start_worker(parent: int | None) -> None:
    """Prepare a worker process.

    Args:
        parent: The process that this one must not survive; ``None``: another program looks after that.
    """
    os.environ.update(THREADS)
    limit_loaded_libraries()
    if parent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def limit_loaded_libraries() -> None:
    """Let libraries that are loaded already compute on one thread."""
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
    if (cv2 := sys.modules.get("cv2")) is not None:
        cv2.setNumThreads(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let this process compute on one thread within the block, as a worker process does."""
    before = {name: os.environ.get(name) for name in THREADS}
    torch, cv2 = sys.modules.get("torch"), sys.modules.get("cv2")
    torch_threads = None if torch is None else torch.get_num_threads()
    cv2_threads = None if cv2 is None else cv2.getNumThreads()
    os.environ.update(THREADS)
    limit_loaded_libraries()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(torch_threads or os.cpu_count() or 1)
        if (cv2 := sys.modules.get("cv2")) is not None:
            cv2.setNumThreads(-1 if cv2_threads is None else cv2_threads)


def _end_with(parent: int) -> None:
    """End this process when its parent has ended (killed, so that it could not say so)."""
    while os.getppid() == parent:
        time.sleep(_PERIOD_S)
    os._exit(1)
