"""The ``info`` of many environments in Gymnasium's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchedDraws", "batched_info"]

_NUMERIC = (int, float, np.number, np.ndarray)


def batched_info(infos: Mapping[int, Mapping[str, Any]], count: int) -> dict[str, Any]:
    """Arrays over environments: what ``VectorEnv._add_info`` makes of them one by one, in a tenth of the time.

    Every key has a mask of the same name with ``_`` in front: which environments have it. Numbers and arrays become
    arrays of their type (zeros where the mask is false), mappings are batched in turn, and everything else, such as
    ``final_obs``, becomes an array of objects. Where the environments' values differ in type, Gymnasium casts them to
    that of the first one; here nothing is lost: integers beside floats become floats, and values that have no common
    type, such as a number beside ``None``, objects.

    Args:
        infos: ``info`` by number of the environment.
        count: Number of environments.
    """
    rows = [infos[index] for index in range(count)] if len(infos) == count else []
    batch: dict[str, Any] = {}
    for key in dict.fromkeys(key for info in infos.values() for key in info):
        if rows and all(key in row for row in rows):
            batch[key], mask = _column(key, [row[key] for row in rows]), np.ones(count, bool)
        else:
            chosen = [index for index, info in infos.items() if key in info]
            mask = np.zeros(count, bool)
            mask[chosen] = True
            batch[key] = _spread(key, chosen, [infos[index][key] for index in chosen], count)
        batch[f"_{key}"] = mask
    return batch


def _column(key: str, values: list[Any]) -> Any:
    """The values of all environments."""
    if _are(Mapping, key, values):
        return batched_info(dict(enumerate(values)), len(values))
    if _are(_NUMERIC, key, values):
        with suppress(ValueError):  # arrays of different shapes
            return np.array(values)
    column = np.empty(len(values), object)
    for index, value in enumerate(values):
        column[index] = value
    return column


def _spread(key: str, chosen: Sequence[int], values: list[Any], count: int) -> Any:
    """The values of some of the environments, and nothing for the others."""
    if _are(Mapping, key, values):
        return batched_info(dict(zip(chosen, values, strict=True)), count)
    column = _column(key, values)
    spread = (
        np.full(count, None, object) if column.dtype == object else np.zeros((count, *column.shape[1:]), column.dtype)
    )
    spread[chosen] = column
    return spread


def _are(kinds: type | tuple[type, ...], key: str, values: Sequence[Any]) -> bool:
    """Whether all values are of these kinds; observations at the end of an episode are objects, whatever they are."""
    return key != "final_obs" and all(issubclass(kind, kinds) for kind in set(map(type, values)))


class BatchedDraws:
    """The random draws of the environments' episodes, batched once an episode."""

    def __init__(self, count: int) -> None:
        """Begin without episodes of a number of environments."""
        self._count = count
        self._arrays: dict[str, NDArray[Any]] = {}

    def begin(self, index: int, draws: Mapping[str, NDArray[Any]]) -> None:
        """Record the draws of an environment's new episode."""
        for name, value in draws.items():
            if name not in self._arrays:
                self._arrays[name] = np.zeros((self._count, *np.shape(value)), value.dtype)
            self._arrays[name][index] = value

    def info(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """The entries ``draws`` and ``_draws`` for some of the environments."""
        found: dict[str, Any] = {name: values.copy() for name, values in self._arrays.items()}
        if not mask.all():
            for values in found.values():
                values[~mask] = 0
        found |= dict.fromkeys([f"_{name}" for name in found], mask.copy())
        return {"draws": found, "_draws": mask.copy()}
