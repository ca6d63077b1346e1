"""Names and values of a study, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ctr_env.controllers import controller_entries
from ctr_env.controllers.registry import controller_names
from ctr_env.envs.config import ServoConfig
from ctr_env.envs.spec import environment_spec
from ctr_env.errors import CtrEnvError
from ctr_env.estimators import estimator_entries
from ctr_env.estimators.registry import estimator_names
from ctr_env.runs.configuration import config_from_mapping, require_choice
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.robots.catalogue import get_robot

from .cells import Cell
from .file import StudyFile
from .resolve import EnvironmentSpec, environment_of

__all__ = ["check_study"]


def check_study(file: StudyFile, cells: Sequence[Cell]) -> None:
    """Check that every cell names an environment that can be made.

    Raises:
        ConfigurationError: With the line, the key and the valid values of the first mistake.
    """
    for cell in cells:
        try:
            _check(environment_of(cell.parameters))
        except (CtrEnvError, TypeError) as error:
            key = _blamed(str(error), cell.parameters)
            said = str(error) if key is None or key in str(error) else f"{key}: {error}"
            file.reject(() if key is None else cell.places[key], said, error)


def _check(spec: EnvironmentSpec) -> None:
    environment_spec(spec.robot, spec.task)
    config = ServoConfig(robot=spec.robot, task=spec.task, **spec.env_config)
    make_randomization(config.randomization, get_robot(spec.robot).camera_distance)
    if isinstance(config.estimator, str):
        _check_estimator(config.estimator, config.estimator_config)
    if isinstance(config.controller, str):
        require_choice("controller", config.controller, controller_names())
        kind = controller_entries()[config.controller].config
        if kind is not None:
            config_from_mapping(kind, config.controller_config)


def _check_estimator(name: object, config: Any) -> None:
    require_choice("estimator", name, estimator_names())
    entry = estimator_entries()[str(name)]
    if entry.config_type is None:
        return
    settings = config_from_mapping(entry.config_type, config)
    if entry.wraps:
        _check_estimator(settings.source, settings.source_config)


def _blamed(message: str, parameters: Mapping[str, Any]) -> str | None:
    """The parameter that a message is about: the one whose key, and value, it contains; ``None`` if there is none."""
    said = message.partition("; valid")[0]

    def score(key: str) -> int:
        value = parameters[key]
        quoted = 8 if isinstance(value, str) and repr(value) in said else 0
        return quoted + 4 * _contains(said, key) + 2 * _contains(said, key.rpartition(".")[2])

    best = max(parameters, key=score, default=None)
    return best if best is not None and score(best) > 0 else None


def _contains(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)|\.{re.escape(word)}(?!\w)", text) is not None
