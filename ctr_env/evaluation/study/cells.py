"""Cells of a study: every combination of a system and values of the axes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ctr_env.runs.files import plain_json
from ctr_env.runs.importing import module_hash, names_factory
from ctr_env.runs.naming import file_hashes

from .file import StudyFile
from .form import Place
from .policies import CellPolicy, is_interface, policies_of

__all__ = ["Cell", "cells_of"]

Settings = Mapping[str, tuple[Any, Place]]
"""Parameters by their flat keys, each with its value and its place in the file."""

_ACTING = ("agent", "policy")  # settings of a system that say who acts
_NESTED = ("perturbation",)  # besides *_config: mappings whose entries are parameters


@dataclass(frozen=True)
class Cell:
    """One combination of settings, in which every seed makes an episode.

    Attributes:
        system: Name of the system.
        parameters: Settings by flat dotted keys, as :func:`~ctr_env.evaluation.benchmark.resolve.environment_of` takes
            them.
        seconds: Length of an episode, seconds; ``None``: as the environment is registered.
        seeds: Seeds of its episodes, in ascending order.
        digest: Eight hexadecimal digits, different for cells with different settings, or with other contents of the
            files and modules that they name.
        condition: Name of the condition; ``None`` if the study has none.
        policy: The policy that acts; ``None``: the environment's controller alone.
        places: Where in the study file each parameter comes from.
    """

    system: str
    parameters: Mapping[str, Any]
    seconds: float | None
    seeds: tuple[int, ...]
    digest: str
    condition: str | None = None
    policy: CellPolicy | None = None
    places: Mapping[str, Place] = field(default_factory=dict, repr=False, compare=False)

    @property
    def scenario(self) -> str | None:
        """Names of condition and scenario, if there are any."""
        names = (self.condition, self.parameters.get("scenario"))
        return ", ".join(name for name in names if name) or None

    @property
    def labels(self) -> dict[str, Any]:
        """What tells it from other cells besides its parameters: its condition and its policy."""
        found: dict[str, Any] = {} if self.condition is None else {"condition": self.condition}
        if self.policy is not None and self.policy.agent is not None:
            found |= {"agent": self.policy.agent, "training_seed": self.policy.seed}
        elif self.policy is not None:
            found["policy"] = str(self.policy.file)
        return found


def cells_of(file: StudyFile) -> list[Cell]:
    """All cells in a fixed order: systems as in the file, then axes as in the file, the last one fastest.

    Between them come the seeds of the training, where the system is an agent, and the conditions as in the file. For
    each of these combinations follow the values of ``one_at_a_time``, the cell without any of them first. Settings of a
    condition replace those of the base, those of a system replace both, and so do the values of an axis.

    Raises:
        ConfigurationError: If an axis and a system have the same key, or two axes, an ``exclude`` matches no cell, no
            cell is left, or a policy is not valid; the message names the line.
    """
    file.find_modules()
    cells, used = [], set[int]()
    for cell in _combinations(file):
        known = {**cell.parameters, **cell.labels, "system": cell.system}
        matching = {i for i, rule in enumerate(file.exclude) if _matches(rule, known)}
        used |= matching
        if not matching and cell.condition not in file.left_out:
            cells.append(cell)
    for i, rule in enumerate(file.exclude):
        if i not in used:
            file.reject(("exclude", i), f"exclude matches no cell: {rule!r}")
    if not cells:
        file.reject(("exclude",), "exclude leaves no cell" + (" of the available conditions" if file.left_out else ""))
    return cells


def _combinations(file: StudyFile) -> Iterator[Cell]:
    """The cells before any is excluded."""
    policies = policies_of(file)
    for system in file.systems:
        for policy in policies.get(system, [None]):
            for condition in file.conditions or [None]:
                for parameters, places in _settings(file, system, condition, policy):
                    yield _cell(file, system, condition, policy, parameters, places)


def _settings(
    file: StudyFile, system: str, condition: str | None, policy: CellPolicy | None
) -> Iterator[tuple[dict[str, Any], dict[str, Place]]]:
    """Parameters, and the place of each in the file, of the cells of a system in a condition."""
    base = dict(_flat(file.base, ("base",)))
    given = {key: value for key, value in file.systems[system].items() if key not in _ACTING}
    own = dict(_flat(given, ("systems", system)))
    _require_disjoint(file, f"setting of the system {system!r}", base, own)
    shared: dict[str, tuple[Any, Place]] = {}
    if condition is not None:
        shared = dict(_flat(file.conditions[condition].settings, ("conditions", condition)))
        _require_disjoint(file, f"setting of the condition {condition!r}", base, shared)
    for chosen in _choices(file):
        merged = {**shared, **own, **chosen}
        if policy is None:
            merged = {**base, **merged}
        else:
            trained = dict(_flat(policy.settings, ("systems", system)))
            _require_trained(file, merged, trained)
            merged = {**{key: value for key, value in base.items() if not is_interface(key)}, **merged, **trained}
        parameters = {key: value for key, (value, _) in sorted(merged.items())}
        yield parameters, {key: place for key, (_, place) in merged.items()}


def _cell(
    file: StudyFile,
    system: str,
    condition: str | None,
    policy: CellPolicy | None,
    parameters: dict[str, Any],
    places: dict[str, Place],
) -> Cell:
    count = None if condition is None else file.conditions[condition].count
    seeds = tuple(sorted(file.seeds)[:count])
    further = [] if condition is None and policy is None else [condition, None if policy is None else policy.content]
    digest = _digest(system, parameters, file.seconds, further)
    return Cell(system, parameters, file.seconds, seeds, digest, condition, policy, places)


def _require_trained(file: StudyFile, given: Settings, trained: Settings) -> None:
    """Reject settings that are not those that a policy was trained with, where these tell what it sees and does."""
    for key, (value, place) in given.items():
        if is_interface(key) and (key not in trained or trained[key][0] != value):
            known = repr(trained[key][0]) if key in trained else "the default"
            file.reject(place, f"{key} of a policy is that of its training, {known}, not {value!r}")


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


def _require_disjoint(file: StudyFile, what: str, base: Settings, own: Settings) -> None:
    """Reject a setting that is an axis too, an axis that is given twice, and a cell that occurs twice."""
    for key in own.keys() & (file.axes.keys() | file.one_at_a_time.keys()):
        file.reject(own[key][1], f"{key!r} is an axis as well as a {what}")
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


def _digest(system: str, parameters: Mapping[str, Any], seconds: float | None, further: list[Any]) -> str:
    modules = [value.partition(":")[0] for value in parameters.values() if names_factory(value)]
    content = [system, parameters, seconds, file_hashes(parameters), [module_hash(name) for name in modules], *further]
    text = json.dumps(content, sort_keys=True, default=plain_json)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
