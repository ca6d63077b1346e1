"""From the parameters of a cell to the arguments of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from ctr_env.envs.config import ServoConfig
from ctr_env.errors import ConfigurationError

__all__ = ["EnvironmentSpec", "environment_of", "valid_keys"]


@dataclass(frozen=True)
class EnvironmentSpec:
    """Robot, task and further keyword arguments of an environment."""

    robot: str = "panda"
    task: str = "servo"
    env_config: Mapping[str, Any] = field(default_factory=dict)


def valid_keys() -> tuple[str, ...]:
    """First parts of the keys of parameters."""
    return tuple(each.name for each in fields(ServoConfig))


def environment_of(parameters: Mapping[str, Any]) -> EnvironmentSpec:
    """The environment of a cell.

    Args:
        parameters: Settings by flat dotted keys, such as ``{"estimator": "noisy", "estimator_config.dropout": 0.1}``.

    Raises:
        ConfigurationError: If a key is unknown or two keys contradict each other.
    """
    arguments: dict[str, Any] = {}
    for key, value in parameters.items():
        first, _, rest = key.partition(".")
        if first not in valid_keys():
            near = get_close_matches(first, valid_keys(), 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigurationError(f"unknown key {key!r}{hint}; valid keys: {', '.join(valid_keys())}")
        if first == "randomization" and rest:
            given = arguments.get(first, "none")
            arguments[first] = {**(given if isinstance(given, Mapping) else {"preset": given}), rest: value}
        else:
            _put(arguments, key.split("."), value)
    robot, task = arguments.pop("robot", "panda"), arguments.pop("task", "servo")
    return EnvironmentSpec(robot, task, arguments)


def _put(arguments: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        arguments = arguments.setdefault(key, {})
        if not isinstance(arguments, dict):
            raise ConfigurationError(f"{'.'.join(keys)} is set inside of something that is not a mapping")
    arguments[keys[-1]] = value
