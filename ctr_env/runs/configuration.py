"""Configuration dataclasses: building one from a mapping, and checking its values."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any, TypeVar

from ctr_env.errors import ConfigurationError

__all__ = ["config_from_mapping", "require_choice", "require_integer", "require_length", "require_range"]

Config = TypeVar("Config")


def config_from_mapping(kind: type[Config], config: Config | Mapping[str, Any] | None) -> Config:
    """A configuration dataclass from a mapping of some of its fields; an instance is returned unchanged.

    Args:
        kind: The dataclass.
        config: Values of the fields that differ from their defaults; ``None``: all defaults.

    Raises:
        ConfigurationError: If a field is unknown (the message lists the valid ones) or a value is not valid.
    """
    if isinstance(config, kind):
        return config
    given: dict[str, Any] = dict(config) if isinstance(config, Mapping) else {}
    valid = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(str(name) for name in given if name not in valid)
    if unknown:
        raise ConfigurationError(f"unknown {kind.__name__} field {', '.join(unknown)}; valid names: {', '.join(valid)}")
    return kind(**given)


def require_choice(what: str, value: object, valid: Collection[str]) -> None:
    """Reject a name that is not one of the valid ones.

    Args:
        what: What the name chooses, such as ``"renderer"`` or ``"PBVSConfig.endpoint"``.
        value: The name.
        valid: The valid names, in the order of the message.

    Raises:
        ConfigurationError: With the name and the valid ones.
    """
    if not (isinstance(value, str) and value in valid):
        raise ConfigurationError(f"unknown {what} {value!r}; valid names: {', '.join(valid)}")


def require_integer(what: str, value: object, least: int) -> int:
    """Reject what is no integer, or below the least one; the value as a Python integer.

    Args:
        what: What the number is, such as ``"num_envs"``.
        value: An integer of Python or NumPy; truth values are none.
        least: The least valid one.

    Raises:
        ConfigurationError: With the value and the least one.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ConfigurationError(f"{what} must be an integer >= {least}, not {value!r}")
    return int(value)


def require_range(config: object, low: float, high: float, *names: str) -> None:
    """Reject fields of a configuration that are not numbers in [low, high].

    Raises:
        ConfigurationError: With the field, its value and the range.
    """
    for name in names:
        value = getattr(config, name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and low <= value <= high):
            raise ConfigurationError(
                f"{type(config).__name__}.{name} must be a number in [{low:g}, {high:g}], not {value!r}"
            )


def require_length(config: Any) -> None:
    """Reject a training whose length is not given by exactly one of its fields ``steps`` and ``minutes``.

    Raises:
        ConfigurationError: If both or neither is given, or the given one is out of range.
    """
    steps, minutes = config.steps, config.minutes
    if (steps is None) == (minutes is None):
        raise ConfigurationError(f"give steps or minutes, not both or neither (steps={steps}, minutes={minutes})")
    if steps is not None:
        require_range(config, 1, 10**8, "steps")
    if minutes is not None:
        require_range(config, 0.01, 10**6, "minutes")
