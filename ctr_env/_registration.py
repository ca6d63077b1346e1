"""Registration of the environments with Gymnasium."""

from __future__ import annotations

import gymnasium as gym

__all__ = ["ENTRY_POINT", "ENVIRONMENTS", "register_environments", "steps_of"]

ENTRY_POINT = "ctr_env.envs:ServoEnv"
"""The class of all environments."""
ENVIRONMENTS = {
    f"ctr_env/{label}{task.capitalize()}-v0": {"robot": robot, "task": task}
    for robot, label in (("panda", "Panda"), ("fr3", "FR3"), ("baxter", "Baxter"))
    for task in ("servo", "track")
}
"""Registered ids with the arguments that distinguish them."""

_STEPS = {"servo": 240, "track": 300}


def steps_of(task: str) -> int:
    """Number of steps after which an episode of a task is truncated."""
    return _STEPS[task]


def register_environments() -> None:
    """Register every environment; a repeated call has no effect."""
    for name, kwargs in ENVIRONMENTS.items():
        if name not in gym.registry:
            gym.register(name, entry_point=ENTRY_POINT, max_episode_steps=steps_of(kwargs["task"]), kwargs=dict(kwargs))
