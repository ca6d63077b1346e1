"""Versions of the packages that results depend on."""

from __future__ import annotations

import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from ctr_env import __version__
from ctr_env.errors import WorkerError

__all__ = ["optional_versions", "require_versions", "versions"]

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


def optional_versions(*names: str) -> dict[str, str]:
    """Versions of those of some packages that are installed."""
    return {name: found for name in names if (found := _installed(name)) is not None}


def require_versions(needed: Mapping[str, str]) -> None:
    """Check that this process has the versions of the one that began a run.

    Args:
        needed: Versions by name, as :func:`versions` and :func:`optional_versions` have them.

    Raises:
        WorkerError: If it has not; the message names the machine and one package with both versions.
    """
    for name, wanted in needed.items():
        here = {"ctr-env": __version__, "python": platform.python_version()}.get(name) or _installed(name)
        if here != wanted:
            raise WorkerError(
                f"{socket.gethostname()} has {name} {here}, the run was begun with {wanted}: results would not be "
                "comparable; install the same versions on all machines"
            )


@cache
def _installed(name: str) -> str | None:
    """The version of a package; ``None`` if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
