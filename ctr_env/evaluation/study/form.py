"""The form of a study file: kinds of values, and messages that have the file's lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from ctr_env.errors import ConfigurationError

from .yaml_lines import Lines

__all__ = ["Form", "Place"]

Place = tuple[str | int, ...]
"""Keys and indices of a value from the top of the file."""

_SHORTEST_S, _LONGEST_S = 0.1, 3600.0


@dataclass(frozen=True)
class Form:
    """Checks the form of the parts of a file; messages have the file's lines.

    Attributes:
        source: What messages call the file.
        lines: Line of every value.
    """

    source: str
    lines: Lines

    def reject(self, place: Place, message: str, cause: Exception | None = None) -> NoReturn:
        """Raise an error that names the file and the line of a value.

        Raises:
            ConfigurationError: Always.
        """
        while place and place not in self.lines:
            place = place[:-1]
        raise ConfigurationError(f"{self.source}, line {self.lines.get(place, 1)}: {message}") from cause

    def known(self, place: Place, given: Mapping[str, Any], valid: tuple[str, ...]) -> None:
        """Reject keys that are none."""
        for key in given:
            if key not in valid:
                near = get_close_matches(str(key), valid, 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                self.reject((*place, key), f"unknown key {key!r}{hint}; valid keys: {', '.join(valid)}")

    def mapping(self, place: Place, value: Any) -> dict[str, Any]:
        """A mapping whose keys are text."""
        if not isinstance(value, Mapping):
            self.reject(place, f"{_name(place)} must be a mapping, not {value!r}")
        for key in value:
            if not isinstance(key, str):
                self.reject((*place, key), f"keys must be text, not {key!r}")
        return dict(value)

    def text(self, place: Place, value: Any) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value:
            self.reject(place, f"{_name(place)} must be a name, not {value!r}")
        return value

    def count(self, place: Place, value: Any, least: int) -> int:
        """A whole number of at least ``least``."""
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.reject(place, f"{_name(place)} must be an integer of at least {least}, not {value!r}")
        return value

    def seconds(self, value: Any) -> float | None:
        """The length of an episode."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _SHORTEST_S <= value <= _LONGEST_S:
            self.reject(("seconds",), f"seconds must be a number in [{_SHORTEST_S:g}, {_LONGEST_S:g}], not {value!r}")
        return float(value)

    def seeds(self, place: Place, value: Any) -> tuple[int, ...]:
        """Seeds: a list, or ``{first: 0, count: N}``."""
        if isinstance(value, list):
            seeds = tuple(self.count((*place, i), each, 0) for i, each in enumerate(value))
            for i, seed in enumerate(seeds):
                if seed in seeds[:i]:
                    self.reject((*place, i), f"seed {seed} is given twice")
            if seeds:
                return seeds
            self.reject(place, "seeds must not be empty")
        given = self.mapping(place, value)
        self.known(place, given, ("first", "count"))
        if "count" not in given:
            self.reject(place, "seeds must be a list or {first: 0, count: N}; key 'count' is missing")
        first = self.count((*place, "first"), given.get("first", 0), 0)
        return tuple(range(first, first + self.count((*place, "count"), given["count"], 1)))

    def named(self, part: str, value: Any) -> dict[str, dict[str, Any]]:
        """Named settings; an empty mapping where the file has none."""
        if value is None:
            return {}
        given = self.mapping((part,), value)
        if not given:
            self.reject((part,), f"{part} must not be empty")
        return {name: self.mapping((part, name), each or {}) for name, each in given.items()}

    def axes(self, part: str, value: Any) -> dict[str, tuple[Any, ...]]:
        """Lists of values by key."""
        axes = {}
        for key, values in self.mapping((part,), value).items():
            if not isinstance(values, list) or not values:
                self.reject((part, key), f"axis {key!r} must be a list of values, not {values!r}")
            for i, each in enumerate(values):
                if each in values[:i]:
                    self.reject((part, key, i), f"axis {key!r} has {each!r} twice")
            axes[key] = tuple(values)
        return axes

    def exclude(self, value: Any) -> tuple[dict[str, Any], ...]:
        """A list of mappings."""
        if not isinstance(value, list):
            self.reject(("exclude",), f"exclude must be a list of mappings, not {value!r}")
        return tuple(self.mapping(("exclude", i), each) for i, each in enumerate(value))


def _name(place: Place) -> str:
    return ".".join(map(str, place)) or "a study file"
