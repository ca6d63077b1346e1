"""How the episodes of a study are grouped: systems, scenarios and axes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .study_data import Episode

__all__ = ["Axis", "by_scenario", "by_system", "find_axes", "level_text", "pair_of"]

Groups = dict[str, list[Episode]]


@dataclass(frozen=True)
class Axis:
    """A parameter that was varied.

    Attributes:
        key: Dotted name of the parameter.
        levels: Its values: numbers in ascending order, others in the order of the study.
        groups: For each level the episodes by system, of those settings of the other axes at which every level was run.
    """

    key: str
    levels: tuple[Any, ...]
    groups: Mapping[Any, Groups]

    @property
    def numeric(self) -> bool:
        """Whether all levels are numbers."""
        return all(isinstance(level, int | float) and not isinstance(level, bool) for level in self.levels)


def by_system(episodes: Iterable[Episode]) -> Groups:
    """Episodes of every system, in the order of the study."""
    return _grouped((episode.system, episode) for episode in episodes)


def by_scenario(episodes: Iterable[Episode]) -> Groups:
    """Episodes of every scenario, in the order of the study."""
    return _grouped((episode.scenario, episode) for episode in episodes)


def find_axes(episodes: Sequence[Episode]) -> tuple[Axis, ...]:
    """The parameters that vary within a system, scenarios apart.

    The seed of a policy's training is none. A parameter is compared only between episodes that differ in nothing else:
    settings of the other axes at which a level is missing are left out, or, if there is none without a gap, those with
    a single level.
    """
    names = sorted({name for episode in episodes for name in episode.parameters} - {"scenario", "training_seed"})
    varied = [name for name in names if _varies(name, episodes)]
    return tuple(axis for name in varied if (axis := _axis(name, varied, episodes)) is not None)


def pair_of(episode: Episode, axes: Sequence[Axis]) -> str:
    """What episodes that are compared have in common: scenario, seed and level of every axis."""
    return json.dumps([episode.scenario, episode.seed, *(episode.parameters.get(axis.key) for axis in axes)])


def level_text(level: Any) -> str:
    """A level as a reader sees it."""
    if isinstance(level, float):
        return f"{level:g}"
    return "default" if level is None else str(level)


def _varies(name: str, episodes: Sequence[Episode]) -> bool:
    """Whether a parameter has several values within one scenario of one system."""
    seen: dict[tuple[str, str], set[Any]] = defaultdict(set)
    for episode in episodes:
        seen[episode.system, episode.scenario].add(_plain(episode.parameters.get(name)))
    return any(len(values) > 1 for values in seen.values())


def _axis(name: str, varied: Sequence[str], episodes: Sequence[Episode]) -> Axis | None:
    contexts: dict[tuple[Any, ...], dict[Any, list[Episode]]] = defaultdict(lambda: defaultdict(list))
    for episode in episodes:
        others = tuple(_plain(episode.parameters.get(other)) for other in varied if other != name)
        key = (episode.system, episode.scenario, *others)
        contexts[key][_plain(episode.parameters.get(name))].append(episode)
    most = max(len(levels) for levels in contexts.values())
    if most < 2:
        return None
    groups: dict[Any, Groups] = defaultdict(lambda: defaultdict(list))
    for levels in contexts.values():
        if len(levels) == most:
            for level, found in levels.items():
                groups[level][found[0].system] += found
    return Axis(name, _ordered(groups), {level: dict(systems) for level, systems in groups.items()})


def _ordered(levels: Iterable[Any]) -> tuple[Any, ...]:
    found = tuple(levels)
    if all(isinstance(level, int | float) and not isinstance(level, bool) for level in found):
        return tuple(sorted(found))
    return found


def _plain(value: Any) -> Any:
    """A parameter's value in a form that can be compared and counted."""
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(value, sort_keys=True)


def _grouped(pairs: Iterable[tuple[str, Episode]]) -> Groups:
    groups: Groups = defaultdict(list)
    for name, episode in pairs:
        groups[name].append(episode)
    return dict(groups)
