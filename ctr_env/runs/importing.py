"""Objects of the user's own modules, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError

from .files import sha256

__all__ = ["find_modules", "import_factory", "module_hash", "names_factory"]


def names_factory(name: object) -> bool:
    """Whether a name has the form ``"module:factory"``."""
    return isinstance(name, str) and ":" in name


def find_modules(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Let this process import modules from further folders; these folders."""
    sys.path.extend(folder for folder in folders if folder not in sys.path)
    return folders


def import_factory(name: str) -> Callable[..., Any]:
    """The function or class that ``"module:factory"`` names; the module is imported as ``import module`` would.

    Raises:
        ConfigurationError: If the module cannot be found, or has no such callable.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        if error.name not in (module, module.partition(".")[0]):
            raise  # the module exists and lacks something itself
        raise ConfigurationError(
            f"{name!r}: there is no module {module!r} in the folder of the study or on Python's path"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"{name!r} must have the form 'module:factory'") from error
    if not callable(found):
        raise ConfigurationError(f"{name!r}: the module {module!r} has no function or class {attribute!r}")
    factory: Callable[..., Any] = found
    return factory


def module_hash(name: str) -> str:
    """SHA-256, hexadecimal, of a module's file, which tells whether it was edited; empty if there is none."""
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return ""  # who imports it says so
    return sha256(Path(spec.origin)) if spec is not None and spec.has_location and spec.origin else ""
