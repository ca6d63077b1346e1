"""Registration of the environments with Gymnasium."""

from __future__ import annotations

import gymnasium as gym

__all__ = ["ENVIRONMENTS", "register_environments"]

SERVO_STEPS = 240
"""Length of an episode of the servo task, steps."""
TRACK_STEPS = 300
"""Length of an episode of the track task, steps."""
ENVIRONMENTS = {
    f"ctr_env/{label}{task.capitalize()}-v0": {"robot": robot, "task": task}
    for robot, label in (("panda", "Panda"), ("baxter", "Baxter"))
    for task in ("servo", "track")
}
"""Registered ids with the arguments that distinguish them."""


def register_environments() -> None:
    """Register every environment; registering again changes nothing."""
    for name, kwargs in ENVIRONMENTS.items():
        if name not in gym.registry:
            gym.register(
                name,
                entry_point="ctr_env.envs:ServoEnv",
                max_episode_steps=SERVO_STEPS if kwargs["task"] == "servo" else TRACK_STEPS,
                kwargs=dict(kwargs),
            )
