"""Filament's graphics contexts: the driver they need, their creation and their reuse."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from ctr_env.errors import RenderError

from .backends import probe

__all__ = ["acquire_context", "filament_module", "release_context"]

_log = logging.getLogger(__name__)
_STDOUT = 1
_OWN_LINES = (
    b"Using '",
    b"FEngine",
    b"Vulkan",
    b"Selected physical device",
    b"Backend feature level",
    b"Feature level",
)
_redirection = threading.Lock()


class _Pool(threading.local):
    """Contexts without a scene, for reuse: Filament does not return the memory of contexts that are dropped.

    One list per thread, as Filament ends the process when another thread uses a context.
    """

    def __init__(self) -> None:
        self.contexts: list[Any] = []


_pool = _Pool()


@cache
def filament_module() -> Any:
    """MuJoCo's bindings of Filament, imported on first use."""
    import mujoco.studio  # noqa: F401 - registers Filament's materials; without it a context ends the process
    from mujoco import mjrf

    return mjrf


def acquire_context() -> Any:
    """A context without a scene, which belongs to the calling thread.

    Raises:
        RenderError: If there is no Vulkan driver.
    """
    return _pool.contexts.pop() if _pool.contexts else _new_context()


def release_context(context: Any) -> None:
    """Give a context without a scene back for reuse, in the thread that acquired it."""
    _pool.contexts.append(context)


@cache
def _require_driver() -> None:
    """Try Filament in another process: without a Vulkan driver it ends the process.

    Raises:
        RenderError: If there is no driver.
    """
    report = probe("filament")
    if not report.works:
        raise RenderError(
            f"the filament renderer did not start: {report.detail}. Usual remedy: {report.remedy}. "
            "`ctr-env doctor` tries every renderer."
        )


def _new_context() -> Any:
    _require_driver()
    mjrf = filament_module()
    config = mjrf.ContextConfig()
    config.graphics_api = mjrf.GraphicsApi.GRAPHICS_API_VULKAN
    config.software_rendering = False  # takes the best device there is, Mesa's software driver if it must
    with _own_lines_to_log():
        context = mjrf.Context(config)
    context.set_clear_color([0.0, 0.0, 0.0])
    return context


@contextmanager
def _own_lines_to_log() -> Iterator[None]:
    """Move the lines that Filament writes to standard output into the debug log.

    Filament writes past Python and has no setting for it, so the descriptor of standard output points to a temporary
    file within the block (some 0.1 s, once per context). The descriptor belongs to the whole process: lines that
    other threads write meanwhile are passed on to standard output afterwards. Standard error is never touched. A
    program started by another thread within the block writes to the temporary file, and that is lost.
    """
    with contextlib.suppress(AttributeError, ValueError):  # no stream, or a closed one
        sys.stdout.flush()
    with _redirection, contextlib.ExitStack() as files:
        try:
            original = os.dup(_STDOUT)
        except OSError:  # closed: nothing that Filament writes can appear
            yield
            return
        captured = files.enter_context(tempfile.TemporaryFile())
        c_library = ctypes.CDLL(None)  # its buffers are flushed before either change
        c_library.fflush(None)
        os.dup2(captured.fileno(), _STDOUT)
        try:
            yield
        finally:
            c_library.fflush(None)
            os.dup2(original, _STDOUT)
            os.close(original)
            captured.seek(0)
            _distribute(captured.readlines())


def _distribute(lines: list[bytes]) -> None:
    """Send Filament's own lines to the debug log and all others to standard output."""
    for line in lines:
        if line.startswith(_OWN_LINES):
            _log.debug("%s", line.decode(errors="replace").rstrip())
        else:
            os.write(_STDOUT, line)
