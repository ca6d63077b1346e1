"""Files that come with the package, one for each name in a folder."""

from __future__ import annotations

from pathlib import Path

from ctr_env.errors import ConfigurationError

__all__ = ["packaged_file", "packaged_names"]

_SUFFIX = ".safetensors"


def packaged_names(folder: Path) -> tuple[str, ...]:
    """Names of the files in a folder of the package, without their suffix."""
    return tuple(sorted(file.stem for file in folder.glob(f"*{_SUFFIX}")))


def packaged_file(folder: Path, name: str, missing: str, remedy: str) -> Path:
    """The file of a name.

    Args:
        folder: Folder of the package.
        name: The name.
        missing: What the package does not have, for the message of an error.
        remedy: What to do instead, likewise.

    Raises:
        ConfigurationError: If there is no such file; the message lists the names.
    """
    names = packaged_names(folder)
    if name not in names:
        raise ConfigurationError(f"the package has no {missing} (it has: {', '.join(names) or 'none'}); {remedy}")
    return folder / f"{name}{_SUFFIX}"
