"""Torch's number of CPU threads, changed for the duration of a block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["single_threaded"]

_lock = threading.Lock()
_blocks = threading.local()  # nested blocks of a thread: attribute depth
_inside = 0  # threads in a block
_original = 1  # number of CPU threads outside all blocks


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let torch compute on one CPU thread within the block.

    Batches of tiny matrices, such as those of PnP, are up to 25 times slower on several threads, which spend the time
    waiting for each other. ``torch.set_num_threads`` is a setting of the process, with a copy in each thread: other
    Python threads may compute more slowly while a block runs, with the same results.

    Blocks may be nested, and entered by several Python threads at once. Every thread leaves its outermost block with
    the number that was set when no thread was in a block, also after an exception.
    """
    import torch  # not on import: runs is used by commands without torch

    global _inside, _original
    if getattr(_blocks, "depth", 0) > 0:
        yield  # the outermost block of this thread sets and restores
        return
    with _lock:
        if _inside == 0:
            _original = torch.get_num_threads()
        _inside += 1
        original = _original
        torch.set_num_threads(1)
    _blocks.depth = 1
    try:
        yield
    finally:
        _blocks.depth = 0
        with _lock:
            _inside -= 1
            torch.set_num_threads(original)
