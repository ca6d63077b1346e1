"""Names of systems and scenarios that tell apart everything that a reader compares or must not mix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .study_data import Episode

__all__ = ["nominal_episodes", "with_full_names"]

_UNNAMED = "base"  # what a study calls its only system where its file names none
_SYSTEM = ("estimator", "controller")
"""Parameters that make another system where they are axes."""
_SCENARIO = ("robot", "task", "moving")
"""Parameters that make another scenario where they are axes."""


def with_full_names(episodes: Sequence[Episode]) -> tuple[Episode, ...]:
    """The episodes with names of systems and scenarios that contain what else varies of the kind.

    A controller that is an axis makes a system of its own (``"noisy, ibvs"``, or ``"ibvs"`` in a study that names no
    systems), a robot a scenario (``"panda, static"``).
    """
    of_system, of_scenario = (_varying(episodes, keys) for keys in (_SYSTEM, _SCENARIO))
    unnamed = of_system and {episode.system for episode in episodes} == {_UNNAMED}
    return tuple(
        replace(
            episode,
            system=_joined(["" if unnamed else episode.system, *(episode.parameters[key] for key in of_system)]),
            scenario=_joined([*(episode.parameters[key] for key in of_scenario), episode.scenario]),
        )
        for episode in episodes
    )


def nominal_episodes(episodes: Sequence[Episode], one_at_a_time: Iterable[str]) -> tuple[Episode, ...]:
    """The episodes in which no parameter differs from its nominal value.

    Args:
        episodes: The study's episodes.
        one_at_a_time: Parameters that are varied one at a time; the nominal value of each is its most frequent one.
    """
    found = tuple(episodes)
    for name in one_at_a_time:
        nominal = Counter(str(episode.parameters.get(name)) for episode in episodes).most_common(1)[0][0]
        found = tuple(episode for episode in found if str(episode.parameters.get(name)) == nominal)
    return found


def _varying(episodes: Sequence[Episode], keys: Sequence[str]) -> list[str]:
    """Parameters with several values within one system and scenario."""
    seen: dict[tuple[str, str, str], set[Any]] = defaultdict(set)
    for episode in episodes:
        for key in keys:
            seen[key, episode.system, episode.scenario].add(episode.parameters.get(key))
    return [key for key in keys if any(len(values) > 1 for (name, *_), values in seen.items() if name == key)]


def _joined(parts: Sequence[Any]) -> str:
    return ", ".join(str(part) for part in parts if part)
