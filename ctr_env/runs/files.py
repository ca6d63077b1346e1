"""Files that are written whole or not at all, and the hash of a file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["plain_json", "replacing", "sha256", "write_image", "write_json"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` (same suffix) that takes its place when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write ``(H, W, 3)`` uint8 RGB in the format that the path's ending names."""
    import imageio.v3 as iio  # only where there is something to draw

    with replacing(path) as scratch:
        iio.imwrite(scratch, image)


def write_json(path: Path, data: Any) -> None:
    """Write JSON; arrays become lists, and what is not a finite number is rejected.

    Raises:
        ValueError: If a number is not finite.
        TypeError: If something has no JSON form.
    """
    text = json.dumps(data, indent=1, allow_nan=False, default=plain_json)
    with replacing(path) as scratch:
        scratch.write_text(text + "\n")


def plain_json(value: Any) -> Any:
    """JSON form of what ``json`` does not know: arrays as lists, paths as text.

    Raises:
        TypeError: If the value has no JSON form.
    """
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}: {value!r}")


def sha256(file: Path) -> str:
    """Hash of a file's content, hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
