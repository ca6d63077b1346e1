"""Specifications of environments by robot and task, for robots without a registered environment too."""

from __future__ import annotations

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from ctr_env._registration import ENTRY_POINT, ENVIRONMENTS, steps_of
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.catalogue import get_robot

from .config import TASKS

__all__ = ["environment_spec"]


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
