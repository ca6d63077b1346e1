"""The OpenGL backend that MuJoCo is told to use; it reads the choice once, when it is imported."""

from __future__ import annotations

import ctypes.util
import os
import sys

__all__ = ["choose_backend"]


def choose_backend() -> None:
    """Prefer EGL, then OSMesa, where nobody has chosen and there is no screen (Linux only)."""
    if not sys.platform.startswith("linux") or os.environ.get("MUJOCO_GL") or os.environ.get("DISPLAY"):
        return
    for backend, library in (("egl", "EGL"), ("osmesa", "OSMesa")):
        if ctypes.util.find_library(library):
            os.environ["MUJOCO_GL"] = backend
            return
