"""Names and values of a study, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

import gymnasium as gym

from ctr_env.envs.config import ServoConfig
from ctr_env.errors import ConfigurationError, CtrEnvError
from ctr_env.evaluation.benchmark.resolve import environment_of

from .cells import Cell
from .file import StudyFile

__all__ = ["check_study"]


def check_study(file: StudyFile, cells: Sequence[Cell]) -> None:
    """Check that every cell names an environment that can be made, in which its policy was trained.

    Raises:
        ConfigurationError: With the line, the key and the valid values of the first mistake.
    """
    file.find_modules()
    for cell in cells:
        try:
            env = _check(cell.parameters)
        except (CtrEnvError, TypeError) as error:
            key = _blamed(str(error), cell.parameters)
            said = str(error) if key is None or _contains(str(error), key) else f"{key}: {error}"
            file.reject(() if key is None else cell.places[key], said, error)
        if cell.policy is not None and (trained := gym.spec(cell.policy.env).id) != env:
            who = "agent" if cell.policy.agent else "policy"
            message = (
                f"the {who} was trained in {trained}, its episodes are in {env}: name one environment, as base.env"
            )
            file.reject(("systems", cell.system, who), message)


def _check(parameters: Mapping[str, Any]) -> str:
    """Check the parameters of an environment; its id."""
    for name, hint in get_type_hints(ServoConfig).items():
        kinds = set(get_args(hint) or (hint,)) & {int, float}
        value = parameters.get(name)
        if kinds and value is not None and type(value) not in kinds | ({int} if float in kinds else set()):
            raise ConfigurationError(f"{name} must be a number, not {value!r}")
    return environment_of(parameters).id


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
