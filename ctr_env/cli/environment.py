"""Options that several commands share: an environment, and the network of its estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError

from .choices import CONFIGURATIONS
from .sections import Section, differing, values

__all__ = [
    "ENVIRONMENT",
    "NetworkOptions",
    "changed_arguments",
    "environment_arguments",
    "randomization_name",
    "with_network",
]

ENVIRONMENT = Section(hide=("obs_mode", "action_mode", "max_linear_velocity", "max_angular_velocity"))
"""Options of an environment in which the controller acts alone."""

_SOURCES = ("source", "start")  # fields in which a wrapper names the estimator that it wraps


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Options of the network inside an estimator, however deep it is wrapped."""

    weights: Path | None = None
    """Weights file of the estimator's network: short for ``--estimator.weights`` or ``--estimator.source.weights``."""
    device: str | None = None
    """Device of the estimator's network, ``auto``, ``cpu`` or ``cuda[:n]``: short for ``--estimator.device``."""


def environment_arguments(environment: Any, network: NetworkOptions) -> dict[str, Any]:
    """Keyword arguments of the environment that the options describe; those that are ``None`` or empty are left out.

    Raises:
        ConfigurationError: If ``--weights`` or ``--device`` is given for an estimator without a network.
    """
    found = values(environment)
    found["estimator_config"] = with_network(found["estimator"], found.get("estimator_config", {}), network)
    return {name: value for name, value in found.items() if value is not None and value != {}}


def changed_arguments(environment: Any, network: NetworkOptions) -> dict[str, Any]:
    """Keyword arguments of the environment in which the options differ from the defaults.

    Raises:
        ConfigurationError: If ``--weights`` or ``--device`` is given for an estimator without a network.
    """
    found = differing(environment)
    config = with_network(environment.estimator, found.get("estimator_config", {}), network)
    return {name: value for name, value in (found | {"estimator_config": config}).items() if value != {}}


def with_network(estimator: str, config: Mapping[str, Any], network: NetworkOptions) -> dict[str, Any]:
    """An estimator's configuration with weights and device of its network.

    Raises:
        ConfigurationError: If one is given, and neither the estimator nor what it wraps has a network; or if the
            weights are given twice.
    """
    found = dict(config)
    for name, value in (("weights", network.weights), ("device", network.device)):
        if value is not None:
            found = _with_field(estimator, found, name, str(value))
    return found


def _with_field(estimator: str, config: dict[str, Any], name: str, value: str) -> dict[str, Any]:
    kind = CONFIGURATIONS["estimator"](estimator)
    defaults = {} if kind is None else {each.name: each.default for each in fields(kind)}
    if name in defaults:
        if name in config:
            raise ConfigurationError(f"{name} is given twice, by --{name} and by an option of the estimator")
        return {**config, name: value}
    for wrapped in _SOURCES:
        if wrapped in defaults:
            inner = config.get(f"{wrapped}_config", {})
            source = str(config.get(wrapped, defaults[wrapped]))
            return {**config, f"{wrapped}_config": _with_field(source, dict(inner), name, value)}
    raise ConfigurationError(f"--{name} needs an estimator with a network, such as ctrnet; {estimator} has none")


def randomization_name(randomization: Any) -> str:
    """Name of a preset; of a mapping, the preset that it starts from, and that it is changed."""
    if isinstance(randomization, Mapping):
        return f"{randomization.get('preset', 'none')}_changed"
    return str(randomization)
