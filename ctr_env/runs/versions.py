"""Versions of the packages that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import version

from ctr_env import __version__

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Versions of what the figures depend on."""
    names = ("mujoco", "gymnasium", "numpy", "scipy", "mink", "opencv-python-headless")
    return {
        "ctr-env": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }
