"""Specifications of environments by robot and task, for robots without a registered environment too, and by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec, load_env_creator

from ctr_env._registration import ENTRY_POINT, ENVIRONMENTS, steps_of
from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.catalogue import get_robot

from .config import TASKS
from .reach import ReachEnv
from .servo_env import ServoEnv

__all__ = ["TASK_ARGUMENTS", "environment_class", "environment_spec"]

TASK_ARGUMENTS = ReachEnv.task_arguments
"""Arguments that an environment may have besides those of all: ``Reach``, ``Follow`` and ``Push`` have each of them."""


def environment_spec(robot: str, task: str) -> EnvSpec:
    """The environment of a robot and a task, for ``gymnasium.make``.

    Args:
        robot: Robot, by name or by a file that describes it.
        task: ``"servo"`` or ``"track"``.

    Returns:
        The registered specification if there is one; else one with the same entry point and number of steps, whose id
        is made of the robot's name.

    Raises:
        ConfigurationError: If the task or the robot is unknown.
        MissingFileError: If the robot's file does not exist.
    """
    require_choice("task", task, TASKS)
    for name, kwargs in ENVIRONMENTS.items():
        if kwargs == {"robot": robot, "task": task}:
            return gym.spec(name)
    label = "".join(part.capitalize() for part in get_robot(robot).name.split("_"))
    return EnvSpec(
        f"ctr_env/{label}{task.capitalize()}-v0",
        entry_point=ENTRY_POINT,
        max_episode_steps=steps_of(task),
        kwargs={"robot": robot, "task": task},
    )


def environment_class(env_id: str, settings: Mapping[str, Any]) -> type[ServoEnv]:
    """The class of an environment.

    Args:
        env_id: Gymnasium id, with ``module:`` in front if a module registers it.
        settings: Keyword arguments.

    Raises:
        ConfigurationError: If there is no such environment, it is none of visual servoing, or it lacks one of the
            arguments ``reward``, ``tolerance_m`` and ``difficulty``.
    """
    try:
        entry_point = gym.spec(env_id).entry_point
    except (gym.error.Error, ModuleNotFoundError) as error:
        raise ConfigurationError(f"unknown env {env_id!r}; valid names: {', '.join(ENVIRONMENTS)}") from error
    kind: Any = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    if not (isinstance(kind, type) and issubclass(kind, ServoEnv)):
        raise ConfigurationError(f"env {env_id!r} is not a ServoEnv; valid names: {', '.join(ENVIRONMENTS)}")
    missing = [name for name in TASK_ARGUMENTS if name in settings and name not in kind.task_arguments]
    if missing:
        raise ConfigurationError(
            f"{env_id} has no {', '.join(missing)}, which Reach, Follow and Push environments have"
        )
    found: type[ServoEnv] = kind
    return found
