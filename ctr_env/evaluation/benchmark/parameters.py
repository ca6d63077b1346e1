"""Dotted parameters: merging of two sets, and the nested form that an environment takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctr_env.errors import ConfigurationError

__all__ = ["dotted", "merged", "nested"]


def dotted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the fields of a ``randomization`` mapping as parameters of their own; a preset stays."""
    result = dict(parameters)
    rules = result.get("randomization")
    if isinstance(rules, Mapping):
        del result["randomization"]
        result = {f"randomization.{name}": rule for name, rule in rules.items()} | result
    return result


def merged(given: Mapping[str, Any], added: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Both sets of parameters.

    Raises:
        ConfigurationError: If a parameter has two different values; the message names ``source`` as one's origin.
    """
    for key, value in added.items():
        if key in given and given[key] != value:
            raise ConfigurationError(f"{source} sets {key} to {value!r}, which is set to {given[key]!r} elsewhere")
    return {**given, **added}


def nested(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with dotted keys as mappings within mappings.

    Values under dotted keys replace those of the mapping that they reach into. ``randomization`` may be a name, which
    is then its preset, and its keys contain dots themselves: ``randomization.lights.brightness`` is its field
    ``lights.brightness``.

    Raises:
        ConfigurationError: If a dotted key reaches into a value that is not a mapping.
    """
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in parameters.items()}
    for key in [key for key in result if "." in key]:
        value = result.pop(key)
        first, _, rest = key.partition(".")
        inner = result.get(first)
        if first == "randomization":
            inner = {"preset": inner} if isinstance(inner, str) else (inner or {})
            result[first] = {**inner, rest: value}
        else:
            result[first] = _with(inner, rest.split("."), value, key)
    return result


def _with(inner: Any, path: list[str], value: Any, key: str) -> dict[str, Any]:
    """A mapping with a value at a path."""
    if not isinstance(inner, Mapping | None):
        raise ConfigurationError(f"{key} reaches into {inner!r}, which is not a mapping")
    first, *rest = path
    inner = dict(inner or {})
    return inner | {first: _with(inner.get(first), rest, value, key) if rest else value}
