"""How processes are started that have graphics contexts."""

from __future__ import annotations

import multiprocessing

__all__ = ["graphics_start_method"]


def graphics_start_method() -> str:
    """Start method of processes that draw: ``"forkserver"`` where there is one, else ``"spawn"``.

    Contexts do not survive a fork. In worker processes of joblib the default is ``"loky"``, which a new process is told
    and does not know: there this method becomes the default.
    """
    known = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in known else "spawn"
    if multiprocessing.get_start_method(allow_none=True) not in (None, *known):
        multiprocessing.set_start_method(method, force=True)
    return method
