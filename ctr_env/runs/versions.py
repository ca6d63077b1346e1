"""Versions of the packages that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import version

from ctr_env import __version__

__all__ = ["versions"]

_ALWAYS = ("mujoco", "gymnasium", "numpy", "scipy", "mink", "opencv-python-headless")


def versions(*more: str) -> dict[str, str]:
    """Versions of Python, this package and the packages that results depend on.

    Args:
        more: Further packages; ``"torch"`` where a network runs.
    """
    return {
        "ctr-env": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in (*_ALWAYS, *more)},
    }
