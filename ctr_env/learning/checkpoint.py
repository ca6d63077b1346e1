"""Checkpoints of a training: written atomically, and only if every number in them is finite."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from ctr_env.errors import DataError, TrainingError
from ctr_env.runs.files import replacing

__all__ = ["load_checkpoint", "require_finite", "save_checkpoint"]

_FEW = 4


def save_checkpoint(file: Path, state: Mapping[str, Any]) -> None:
    """Replace a checkpoint.

    Args:
        file: File to write.
        state: Nested mappings and sequences of tensors, numbers and texts.

    Raises:
        TrainingError: If a number is not finite; an earlier checkpoint in the file is kept.
    """
    require_finite(file, state)
    with replacing(file) as scratch:
        torch.save(state, scratch)


def require_finite(file: Path, state: Mapping[str, Any]) -> None:
    """Reject a state that is about to be written to a file if a number in it is not finite.

    Raises:
        TrainingError: With the names of these entries.
    """
    broken = list(_not_finite(state, ""))
    if broken:
        more = f" and {len(broken) - _FEW} more" if len(broken) > _FEW else ""
        raise TrainingError(
            f"the training diverged: {', '.join(broken[:_FEW])}{more} not finite; {file} keeps its earlier checkpoint"
        )


def load_checkpoint(file: Path, device: torch.device) -> dict[str, Any] | None:
    """The state in a checkpoint with its tensors on a device; ``None`` if there is no such file.

    Raises:
        DataError: If the file is not a checkpoint.
    """
    if not file.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(f"{file} is not a checkpoint: {error}") from error
    return state


def _not_finite(value: Any, name: str) -> Iterator[str]:
    """Names of the entries of a nested state that are not finite."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _not_finite(entry, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _not_finite(entry, f"{name}[{index}]")
    elif isinstance(value, torch.Tensor):
        if value.is_floating_point() and not bool(value.isfinite().all()):
            yield name
    elif isinstance(value, float) and not math.isfinite(value):
        yield name
