"""Registration of the environments with Gymnasium."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium as gym

__all__ = ["ENTRY_POINT", "ENVIRONMENTS", "register_environments", "steps_of"]

ENTRY_POINT = "ctr_env.envs:ServoEnv"
"""The class of the servoing environments, and the base of all others."""


class _Kind(NamedTuple):
    """Environments of one task: classes, steps of an episode, and arguments beside the robot."""

    entry_point: str
    vector_entry_point: str
    steps: int
    kwargs: dict[str, Any]


_REACH, _FOLLOW = "ctr_env.envs:ReachEnv", {"task": "track", "moving": "both", "tolerance_m": 0.02}
_VECTOR = "ctr_env.envs.vector:{}VectorEnv"
_KINDS = {
    "Servo": _Kind(ENTRY_POINT, _VECTOR.format("Servo"), 240, {"task": "servo"}),
    "Track": _Kind(ENTRY_POINT, _VECTOR.format("Servo"), 300, {"task": "track"}),
    "Reach": _Kind(_REACH, _VECTOR.format("Reach"), 120, {}),
    "ReachGoal": _Kind("ctr_env.envs:ReachGoalEnv", _VECTOR.format("ReachGoal"), 120, {}),
    "Follow": _Kind(_REACH, _VECTOR.format("Reach"), 240, _FOLLOW),
    "Grasp": _Kind("ctr_env.envs:GraspEnv", _VECTOR.format("Grasp"), 300, {}),
    "Push": _Kind("ctr_env.envs:PushEnv", _VECTOR.format("Push"), 300, {}),
    "PushGoal": _Kind("ctr_env.envs:PushGoalEnv", _VECTOR.format("PushGoal"), 300, {}),
}
_OF_GRIPPERS = ("Grasp", "Push", "PushGoal")
_NAMES = {
    f"ctr_env/{label}{kind}-v0": (robot, kind)
    for robot, label in (("panda", "Panda"), ("fr3", "FR3"), ("ur5", "UR5"), ("baxter", "Baxter"))
    for kind in _KINDS
    if kind not in _OF_GRIPPERS or robot in ("panda", "fr3")  # whose grippers open
}

ENVIRONMENTS = {name: {"robot": robot, **_KINDS[kind].kwargs} for name, (robot, kind) in _NAMES.items()}
"""Registered ids with the arguments that distinguish them."""


def steps_of(task: str) -> int:
    """Number of steps after which an episode of a servoing task is truncated."""
    return _KINDS[task.capitalize()].steps


def register_environments() -> None:
    """Register every environment; a repeated call has no effect."""
    for name, (_, kind) in _NAMES.items():
        if name not in gym.registry:
            single, vector, steps, _ = _KINDS[kind]
            gym.register(
                name,
                entry_point=single,
                vector_entry_point=vector,
                max_episode_steps=steps,
                kwargs=dict(ENVIRONMENTS[name]),
            )
