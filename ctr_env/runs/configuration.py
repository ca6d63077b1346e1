"""Building configuration objects from what a user wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

__all__ = ["config_from_mapping", "require_length", "require_range"]

Config = TypeVar("Config")


def config_from_mapping(kind: type[Config], config: Config | Mapping[str, Any] | None) -> Config:
    """A configuration dataclass from a mapping of some of its fields; one that is there already is returned.

    Raises:
        ValueError: If a field is unknown; the message lists the valid ones.
    """
    if isinstance(config, kind):
        return config
    given: dict[str, Any] = dict(config) if isinstance(config, Mapping) else {}
    valid = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(str(name) for name in given if name not in valid)
    if unknown:
        raise ValueError(f"unknown {kind.__name__} field {', '.join(unknown)}; valid names: {', '.join(valid)}")
    return kind(**given)


def require_range(config: object, low: float, high: float, *names: str) -> None:
    """Refuse fields of a configuration that are not numbers in [low, high].

    Raises:
        ValueError: Naming the field, its value and the range.
    """
    for name in names:
        value = getattr(config, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{type(config).__name__}.{name} must be a number in [{low:g}, {high:g}], not {value!r}")


def require_length(config: Any) -> None:
    """Refuse a training whose length is not given by exactly one of its fields ``steps`` and ``minutes``.

    Raises:
        ValueError: If both or neither is given, or the one that is, is out of range.
    """
    steps, minutes = config.steps, config.minutes
    if (steps is None) == (minutes is None):
        raise ValueError(f"give steps or minutes, not both or neither (steps={steps}, minutes={minutes})")
    if steps is not None:
        require_range(config, 1, 10**8, "steps")
    if minutes is not None:
        require_range(config, 0.01, 10**6, "minutes")
