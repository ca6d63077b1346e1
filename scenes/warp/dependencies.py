"""The optional packages of the GPU path."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from ctr_env.errors import MissingDependencyError

__all__ = ["Warp", "load_warp"]


class Warp(NamedTuple):
    """The modules of the extra ``gpu``."""

    warp: Any
    mujoco_warp: Any


@cache
def load_warp() -> Warp:
    """Import Warp and MuJoCo Warp, without their messages about every compiled kernel.

    Raises:
        MissingDependencyError: If one of them is not installed.
    """
    try:
        import warp

        warp.config.log_level = warp.LOG_WARNING
        import mujoco_warp
    except ImportError as error:
        raise MissingDependencyError(f"the GPU path needs {error.name}: pip install 'ctr-env[gpu]'") from error
    return Warp(warp, mujoco_warp)
