"""From the parameters of one cell of a study to the environment that its episodes run in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym

from ctr_env.controllers import controller_entries
from ctr_env.envs.config import ServoConfig
from ctr_env.envs.reach import check_reaching
from ctr_env.envs.spec import TASK_ARGUMENTS, environment_class, environment_spec
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import estimator_entries
from ctr_env.runs.configuration import config_from_mapping, require_choice
from ctr_env.runs.importing import import_factory, names_factory
from ctr_env.scenes.randomization.fields import FIELDS
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.robots.catalogue import get_robot

from .parameters import dotted, merged, nested
from .perturbations import PERTURBATIONS, perturbation_parameters
from .scenarios import scenario_parameters

__all__ = ["EnvironmentSpec", "environment_of"]

_ARGUMENTS = tuple(field.name for field in fields(ServoConfig))
_CONFIGS = ("estimator_config", "controller_config")
_RULES = (*FIELDS, "preset", "room")
_OF_IDS = ("env", *TASK_ARGUMENTS)
_BY_ID = ("robot", "task", "moving")


@dataclass(frozen=True)
class EnvironmentSpec:
    """An environment, by the arguments that make it.

    Attributes:
        robot: Robot, by name or by a file that describes it.
        task: ``"servo"`` or ``"track"``.
        env_config: Further arguments of :class:`~ctr_env.envs.ServoEnv`.
        env: Gymnasium id of an environment, which then says robot and task; ``None``: that of robot and task.
    """

    robot: str
    task: str
    env_config: dict[str, Any]
    env: str | None = None

    @property
    def id(self) -> str:
        """Gymnasium id, without a module.

        Raises:
            ConfigurationError: If the robot or the task is unknown.
        """
        return environment_spec(self.robot, self.task).id if self.env is None else gym.spec(self.env).id


def environment_of(parameters: Mapping[str, Any]) -> EnvironmentSpec:
    """The environment of a cell.

    Parameters are arguments of the environment (:class:`~ctr_env.envs.config.ServoConfig`), ``env`` (a Gymnasium id
    instead of robot and task, with its arguments ``reward``, ``tolerance_m`` and ``difficulty``), ``scenario``, and
    ``perturbation.NAME``; dotted keys reach into mappings (``controller_config.gain_at_zero``,
    ``randomization.lights.brightness``). What a scenario or a perturbation sets must not be set otherwise.
    Perturbations of the estimator wrap it in ``perturbed``: they act on its inputs and on what it returns.

    Raises:
        ConfigurationError: If a name is unknown, a value is not valid, or two parameters contradict each other.
    """
    parameters = dotted(parameters)
    for key in parameters:
        _require_key(key)
    arguments = {key: value for key, value in parameters.items() if not _is_special(key)}
    if parameters.get("scenario") is not None:
        name = parameters["scenario"]
        arguments = merged(arguments, scenario_parameters(name), f"scenario {name!r}")
    levels = {key.partition(".")[2]: value for key, value in parameters.items() if key.startswith("perturbation.")}
    perturbed, scene = perturbation_parameters(levels)
    arguments = nested(merged(arguments, scene, f"perturbation {', '.join(levels)}"))
    if perturbed:
        _perturb(arguments, perturbed)
    if "env" in arguments:
        return _of_id(arguments.pop("env"), arguments)
    for name in TASK_ARGUMENTS:
        if name in arguments:
            raise ConfigurationError(f"{name} needs env, the id of a Reach, Follow or Push environment")
    _check(arguments)
    robot, task = (arguments.pop(name, default) for name, default in (("robot", "panda"), ("task", "servo")))
    return EnvironmentSpec(robot, task, arguments)


def _of_id(env: Any, arguments: dict[str, Any]) -> EnvironmentSpec:
    """An environment by its id."""
    for name in _BY_ID:
        if name in arguments:
            raise ConfigurationError(f"{name} is said by env {env!r}: set one of them")
    environment_class(env, arguments)
    known = gym.spec(env).kwargs
    reaching = {name: arguments[name] for name in TASK_ARGUMENTS if name in arguments}
    check_reaching(**reaching)
    own = {name: known[name] for name in _BY_ID if name in known}
    _check({**own, **{name: value for name, value in arguments.items() if name not in TASK_ARGUMENTS}})
    return EnvironmentSpec(known.get("robot", "panda"), known.get("task", "servo"), arguments, env)


def _is_special(key: str) -> bool:
    return key == "scenario" or key.startswith("perturbation.")


def _require_key(key: str) -> None:
    """Reject a key that is none."""
    first, dot, rest = key.partition(".")
    if not dot:
        require_choice("parameter", key, (*_ARGUMENTS, *_OF_IDS, "scenario"))
    elif first == "perturbation":
        require_choice("perturbation", rest, tuple(PERTURBATIONS))
    elif first == "randomization":
        require_choice("randomisation field", rest, _RULES)
    else:
        require_choice(f"parameter {key!r}: mapping", first, (*_CONFIGS, "perturbation", "randomization"))


def _perturb(arguments: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Wrap the estimator of some arguments in ``perturbed``; one that is wrapped already gets further settings."""
    name, config = arguments.get("estimator", "ground_truth"), dict(arguments.get("estimator_config") or {})
    if name != "perturbed":
        config = {"source": name, "source_config": config}
    for key in config.keys() & changes.keys():
        raise ConfigurationError(f"perturbation.{key} is set by estimator_config too: set one of them")
    arguments |= {"estimator": "perturbed", "estimator_config": config | dict(changes)}


def _check(arguments: Mapping[str, Any]) -> None:
    """Raise what making the environment would raise for a name or a value, without making it."""
    try:
        config = ServoConfig(**arguments)
    except TypeError as error:
        raise ConfigurationError(f"a parameter has a value of the wrong type: {error}") from error
    make_randomization(config.randomization, get_robot(config.robot).camera_distance).for_episodes()
    if names_factory(config.controller):
        import_factory(str(config.controller))
    elif isinstance(config.controller, str):
        entries = controller_entries()
        require_choice("controller", config.controller, tuple(entries))
        if (kind := entries[config.controller].config) is not None:
            config_from_mapping(kind, config.controller_config)
    if isinstance(config.estimator, str):
        _check_estimator(config.estimator, config.estimator_config)


def _check_estimator(name: str, config: Any) -> None:
    if names_factory(name):
        import_factory(name)
        return
    entries = estimator_entries()
    require_choice("estimator", name, tuple(entries))
    entry = entries[name]
    if entry.config_type is None:
        if config:
            raise ConfigurationError(f"the {name} estimator has no configuration, not {config!r}")
        return
    settings = config_from_mapping(entry.config_type, config)
    if entry.wraps:
        _check_estimator(settings.source, settings.source_config)
