"""The OpenGL backend of MuJoCo's renderer, which MuJoCo reads once, when it is imported."""

from __future__ import annotations

import ctypes.util
import os
import sys
import warnings

__all__ = ["choose_backend"]


def choose_backend() -> None:
    """Select EGL, else OSMesa, where ``MUJOCO_GL`` is not set and there is no display (Linux only).

    Where MuJoCo was imported before, the selection has no effect: a warning says so.
    """
    if not sys.platform.startswith("linux") or os.environ.get("MUJOCO_GL") or os.environ.get("DISPLAY"):
        return
    if "mujoco" in sys.modules:
        warnings.warn(
            "mujoco was imported before ctr_env and has selected its OpenGL backend, which needs a display: rendering "
            "may fail; import ctr_env first, or set the environment variable MUJOCO_GL to egl or osmesa",
            stacklevel=3,
        )
        return
    for backend, library in (("egl", "EGL"), ("osmesa", "OSMesa")):
        if ctypes.util.find_library(library):
            os.environ["MUJOCO_GL"] = backend
            return
