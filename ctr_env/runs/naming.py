"""Names of default output folders: readable parts, and a digest that separates runs with different settings."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import plain_json, sha256
from .importing import module_hash, names_factory

__all__ = ["content_hashes", "default_folder", "file_hashes", "settings_digest"]

_DIGITS = 6
_LARGEST = 512 * 2**20  # bytes of a file whose content is part of the digest


def default_folder(command: str, parts: list[str], settings: Mapping[str, Any]) -> Path:
    """``runs/COMMAND/PART-PART-…-DIGEST``: equal settings give the same folder, different ones different folders.

    Args:
        command: Name of the command.
        parts: What a reader tells runs apart by, such as robot, estimator and data. Of a path, the last component
            without its suffix is used; empty parts are left out.
        settings: All settings that the results depend on (see :func:`settings_digest`).
    """
    words = [_word(part) for part in parts if part]
    return Path("runs") / command / "-".join([*words, settings_digest(settings)])


def settings_digest(settings: Mapping[str, Any]) -> str:
    """The first six hexadecimal digits of the settings' SHA-256.

    A path to a file counts with the file's content, so that an edited file gives another digest.
    """
    text = json.dumps([settings, file_hashes(settings)], sort_keys=True, default=plain_json)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def file_hashes(settings: Any) -> dict[str, str]:
    """SHA-256, hexadecimal, of every file that settings name, by its path as written there.

    Args:
        settings: A mapping, a list or a single value; values that name no file have no hash.
    """
    if isinstance(settings, Mapping):
        settings = list(settings.values())
    if isinstance(settings, list | tuple):
        return {path: digest for each in settings for path, digest in file_hashes(each).items()}
    if isinstance(settings, str | Path) and Path(settings).suffix:
        path = Path(settings)
        if path.is_file() and path.stat().st_size <= _LARGEST:
            return {str(settings): sha256(path)}
    return {}


def content_hashes(settings: Any) -> dict[str, str]:
    """:func:`file_hashes`, and those of the modules of factories (``"module:factory"``) that settings name."""
    if isinstance(settings, Mapping):
        settings = list(settings.values())
    if isinstance(settings, list | tuple):
        return {name: digest for each in settings for name, digest in content_hashes(each).items()}
    digest = module_hash(settings.partition(":")[0]) if names_factory(settings) else ""
    return {settings: digest} if digest else file_hashes(settings)


def _word(part: str) -> str:
    path = Path(part)
    return re.sub(r"[^A-Za-z0-9.]+", "_", path.stem if path.suffix else path.name).strip("_")
