"""Cells of a study: every combination of a system and values of the axes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from ctr_env.runs.files import plain_json, sha256
from ctr_env.runs.importing import names_factory
from ctr_env.runs.naming import file_hashes

from .file import Place, StudyFile

__all__ = ["Cell", "cells_of"]

Settings = Mapping[str, tuple[Any, Place]]
"""Parameters by their flat keys, each with its value and its place in the file."""

_NESTED = ("perturbation",)  # besides *_config: mappings whose entries are parameters


@dataclass(frozen=True)
class Cell:
    """One combination of settings, in which every seed makes an episode.

    Attributes:
        system: Name of the system.
        parameters: Settings by flat dotted keys, as :func:`~ctr_env.evaluation.benchmark.resolve.environment_of` takes
            them.
        seconds: Length of an episode, seconds; ``None``: as the environment is registered.
        digest: Eight hexadecimal digits, different for cells with different settings, or with other contents of the
            files and modules that they name.
        places: Where in the study file each parameter comes from.
    """

    system: str
    parameters: Mapping[str, Any]
    seconds: float | None
    digest: str
    places: Mapping[str, Place] = field(default_factory=dict, repr=False, compare=False)

    @property
    def scenario(self) -> str | None:
        """Name of the scenario, if there is one."""
        scenario: str | None = self.parameters.get("scenario")
        return scenario


def cells_of(file: StudyFile) -> list[Cell]:
    """All cells in a fixed order: systems as in the file, then axes as in the file, the last one fastest.

    For each of these combinations follow the values of ``one_at_a_time``, the cell without any of them first. Settings
    of a system replace those of the base, values of an axis replace those of the base.

    Raises:
        ConfigurationError: If an axis and a system have the same key, or two axes, an ``exclude`` matches no cell, or
            no cell is left; the message names the line.
    """
    file.find_modules()
    cells, used = [], set[int]()
    base = dict(_flat(file.base, ("base",)))
    for system, given in file.systems.items():
        own = dict(_flat(given, ("systems", system)))
        _require_disjoint(file, system, base, own)
        for chosen in _choices(file):
            merged = {**base, **own, **chosen}
            parameters = {key: value for key, (value, _) in sorted(merged.items())}
            places = {key: place for key, (_, place) in merged.items()}
            matching = {i for i, rule in enumerate(file.exclude) if _matches(rule, {**parameters, "system": system})}
            used |= matching
            if not matching:
                digest = _digest(system, parameters, file.seconds)
                cells.append(Cell(system, parameters, file.seconds, digest, places))
    for i, rule in enumerate(file.exclude):
        if i not in used:
            file.reject(("exclude", i), f"exclude matches no cell: {rule!r}")
    if not cells:
        file.reject(("exclude",), "exclude leaves no cell")
    return cells


def _choices(file: StudyFile) -> Iterator[dict[str, tuple[Any, Place]]]:
    """Values of the axes, each with its place, of every cell of a system."""
    for combination in product(*(enumerate(values) for values in file.axes.values())):
        chosen: dict[str, tuple[Any, Place]] = {}
        for key, (i, value) in zip(file.axes, combination, strict=True):
            chosen |= dict(_flat({key: value}, ("axes",), i))
        yield chosen
        for key, values in file.one_at_a_time.items():
            for i, value in enumerate(values):
                yield chosen | dict(_flat({key: value}, ("one_at_a_time",), i))


def _require_disjoint(file: StudyFile, system: str, base: Settings, own: Settings) -> None:
    """Reject a setting of a system that is an axis too, an axis that is given twice, and a cell that occurs twice."""
    for key in own.keys() & (file.axes.keys() | file.one_at_a_time.keys()):
        file.reject(own[key][1], f"{key!r} is an axis as well as a setting of the system {system!r}")
    for key, values in file.one_at_a_time.items():
        if key in file.axes:
            file.reject(("one_at_a_time", key), f"{key!r} is one of the crossed axes too")
        if key in base and base[key][0] in values:
            place = ("one_at_a_time", key, values.index(base[key][0]))
            file.reject(place, f"{key}={base[key][0]!r} is the base's value, which has a cell already: leave it out")


def _flat(mapping: Mapping[str, Any], place: Place, *index: int) -> Iterator[tuple[str, tuple[Any, Place]]]:
    """Parameters by their flat keys, each with its value and its place in the file."""
    for key, value in mapping.items():
        here = ("scenario",) if (*place, key) == ("base", "scenario") else (*place, key, *index)
        if isinstance(value, Mapping) and (key in _NESTED or key.endswith("_config")):
            for inner, (content, deeper) in _flat(value, here):
                yield f"{key}.{inner}", (content, deeper)
        else:
            yield key, (value, here)


def _matches(rule: Mapping[str, Any], cell: Mapping[str, Any]) -> bool:
    flat = {key: value for key, (value, _) in _flat(rule, ())}
    return all(key in cell and cell[key] == value for key, value in flat.items())


def _digest(system: str, parameters: Mapping[str, Any], seconds: float | None) -> str:
    modules = [value.partition(":")[0] for value in parameters.values() if names_factory(value)]
    content = [system, parameters, seconds, file_hashes(parameters), [_module_hash(name) for name in modules]]
    text = json.dumps(content, sort_keys=True, default=plain_json)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _module_hash(name: str) -> str:
    """Hash of a module of the user, so that an edited controller makes other cells; empty if it is not found."""
    try:
        spec = find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return ""  # the check of the study says so
    return sha256(Path(spec.origin)) if spec is not None and spec.has_location and spec.origin else ""
