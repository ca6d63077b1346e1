"""The optional packages of predictive control, and whether they fit together."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from ctr_env.errors import MissingDependencyError

__all__ = ["require_crocoddyl"]

_INSTALL = "pip install 'ctr-env[mpc]'"
_COMPILED_AGAINST = {"3.2": "4.0"}
"""Version of pinocchio that the wheels of a version of crocoddyl are compiled against."""


def require_crocoddyl() -> None:
    """Check that crocoddyl and pinocchio can be used.

    Raises:
        MissingDependencyError: If one of them is not installed, or their wheels do not fit together: crocoddyl does not
            declare which pinocchio it was compiled against, and ends the process with a segmentation fault if it is
            another one.
    """
    try:
        import crocoddyl
        import pinocchio
    except ImportError as error:
        raise MissingDependencyError(f"controller='mpc' needs {error.name}: {_INSTALL}") from error
    needed = _COMPILED_AGAINST.get(_minor(crocoddyl.__version__))
    if _from_wheels() and needed is not None and _minor(pinocchio.__version__) != needed:
        raise MissingDependencyError(
            f"crocoddyl {crocoddyl.__version__} is compiled against pinocchio {needed} and crashes with "
            f"{pinocchio.__version__}: {_INSTALL}"
        )


def _minor(number: str) -> str:
    return ".".join(number.split(".")[:2])


def _from_wheels() -> bool:
    """Whether pinocchio is that of the Python package index; other distributions compile both together."""
    try:
        return bool(version("libpinocchio"))
    except PackageNotFoundError:
        return False
