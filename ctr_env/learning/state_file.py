"""Nested states of tensors, arrays, numbers and texts as safetensors files; nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ctr_env.errors import DataError
from ctr_env.runs.files import replacing

__all__ = ["load_state", "save_state"]

_KEY = "ctr_env/state@1"
_TENSOR, _MAPPING = "tensor", "mapping"  # {"tensor": NAME}; {"mapping": [[KEY, VALUE], …]}, whose keys may be numbers


def save_state(file: Path, state: Mapping[str, Any]) -> None:
    """Write a state atomically.

    Args:
        file: File to write, ``.safetensors``.
        state: Nested mappings and sequences of tensors, arrays, numbers, texts and ``None``. Keys are texts or numbers.
    """
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_without_tensors(state, "", tensors))
    with replacing(file) as scratch:
        save_file(tensors, scratch, metadata={_KEY: text})


def load_state(file: Path) -> dict[str, Any] | None:
    """The state in a file, arrays as tensors on the CPU and sequences as lists; ``None`` if there is no such file.

    Raises:
        DataError: If :func:`save_state` did not write the file.
    """
    if not file.is_file():
        return None
    try:
        with safe_open(file, framework="pt") as content:
            described = json.loads((content.metadata() or {})[_KEY])
            state: dict[str, Any] = _with_tensors(described, content)
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise DataError(f"{file} is not a checkpoint: {error}") from error
    return state


def _without_tensors(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    """The JSON form of a value; its tensors are moved to ``tensors``."""
    if isinstance(value, np.ndarray | torch.Tensor):
        tensors[name] = _stored(value)
        return {_TENSOR: name}
    if isinstance(value, Mapping):
        return {_MAPPING: [[key, _without_tensors(entry, f"{name}/{key}", tensors)] for key, entry in value.items()]}
    if isinstance(value, list | tuple):
        return [_without_tensors(entry, f"{name}/{index}", tensors) for index, entry in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _stored(value: NDArray[Any] | torch.Tensor) -> torch.Tensor:
    """A tensor that shares no memory with other tensors of a network, which safetensors rejects."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


def _with_tensors(value: Any, content: Any) -> Any:
    if isinstance(value, list):
        return [_with_tensors(entry, content) for entry in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return content.get_tensor(value[_TENSOR])
    return {key: _with_tensors(entry, content) for key, entry in value[_MAPPING]}
