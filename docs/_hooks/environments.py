"""The environment reference: ids, observations, actions and info, read from a live environment.

Shapes and bounds come from the environment. Descriptions stand here; a key without one stops the build, so that the
page cannot fall behind the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import gymnasium as gym
import numpy as np
from markup import code, table

import ctr_env  # noqa: F401 - registers the environments
from ctr_env.controllers.base import Mode
from ctr_env.envs import ServoEnv
from ctr_env.envs.config import ACTION_MODES, OBSERVATION_PARTS

_OBSERVATIONS = {
    "joint_positions": "measured joint positions, rad",
    "joint_velocities": "joint velocities, rad/s",
    "goal": "`camera_T_goal`: the goal in the camera frame",
    "camera_pose": "true `camera_T_base`",
    "goal_error": "true goal minus gripper in base axes: translation, m, then rotation vector, rad",
    "estimate_pose": "estimated `camera_T_base`; finite even when not valid",
    "estimate_std": "standard deviations of the estimate: translation, m, then rotation, rad",
    "estimate_valid": "1 where the estimate may be acted on, else 0",
    "estimate_age": "age of the frame that the estimate was made from, s",
    "apparent_error": "as `goal_error`, by the newest valid estimate and the encoders; zeros before the first",
    "image": "RGB image",
    "intrinsics": "fx, fy, cx, cy, pixels",
    "privileged": "0–8: true `camera_T_base`; 9–14: `goal_error`; 15–20: error of the estimate in camera axes (true "
    "minus estimated translation, m, then rotation vector, rad), zero while it is not valid",
}
_ACTIONS = {
    "pbvs": "residual twist added to the controller's command; zero lets the controller act alone",
    "ee_twist": "end-effector twist in base axes: linear, then angular",
    "joint_velocity": "joint velocities as fractions of the joints' velocity limits",
}
_INFO = {
    "is_success": "true error below 5 mm and 1° for the last 0.5 s",
    "true_position_error_m": "gripper to goal in the simulator: distance",
    "true_rotation_error_rad": "gripper to goal in the simulator: angle",
    "apparent_position_error_m": "gripper to goal as the loop estimates it in the camera frame: distance",
    "apparent_rotation_error_rad": "the same: angle",
    "estimate_position_error_m": "estimated to true `camera_T_base`: distance of the base origins",
    "estimate_rotation_error_rad": "estimated to true `camera_T_base`: angle",
    "estimate_known": "whether there has been a valid estimate; apparent and estimate errors are zero before it",
    "estimate_valid": "whether the newest estimate is valid",
    "estimate_reason": "why it is not, in snake case; empty when valid",
    "controller_mode": f"one of {', '.join(code(mode) for mode in get_args(Mode))}, see `ServoCommand`",
    "controller_reason": "why the controller does not servo; empty when it does",
    "arm_in_view": "fraction of the arm inside the image",
    "at_joint_limit": "whether a joint is within 0.02 rad of its stop",
    "time_s": "time since the reset, s",
    "camera_T_base": "true pose, homogeneous matrix",
    "intrinsics": "fx, fy, cx, cy, pixels",
    "seed": "seed of the episode",
    "draws": "every random draw of the episode, by field ([randomisation](randomization.md))",
    "frame_draws": "the draws of this frame",
}


def registered() -> str:
    """Registered ids with their arguments."""
    rows = []
    for name, spec in sorted(gym.registry.items()):
        if name.startswith("ctr_env/"):
            arguments = ", ".join(f"{key}={value!r}" for key, value in spec.kwargs.items())
            rows.append((code(name), code(arguments), str(spec.max_episode_steps)))
    return table(("id", "arguments", "steps"), rows)


def observations() -> str:
    """Entries of the observation by part of ``obs_mode``."""
    always = _space()
    rows = [("always", *row) for row in _entries(always)]
    for part in OBSERVATION_PARTS:
        more = {key: space for key, space in _space(part).items() if key not in always}
        rows += [(code(part), *row) for row in _entries(more)]
    return table(("part", "entry", "shape, type", "bounds", "meaning"), rows)


def actions() -> str:
    """The action of each ``action_mode``."""
    rows = []
    for mode in ACTION_MODES:
        space = ServoEnv(action_mode=mode).action_space
        rows.append((code(mode), f"`{space.shape}` in [-1, 1]", _ACTIONS[mode]))
    return table(("`action_mode`", "shape (Panda)", "meaning"), rows)


def info() -> str:
    """Entries of ``info``."""
    env = ServoEnv()
    _, found = env.reset(seed=0)
    env.close()
    _same(found, _INFO, "info")
    return table(("key", "type", "meaning"), [(code(key), _kind(found[key]), _INFO[key]) for key in found])


@cache
def _space(part: str = "") -> dict[str, gym.spaces.Box]:
    # any part brings the entries that are always there: those that two parts share
    if part:
        return dict(ServoEnv(obs_mode=part).observation_space.spaces)
    first, second = (_space(name) for name in OBSERVATION_PARTS[:2])
    return {key: space for key, space in first.items() if key in second}


def _entries(spaces: Mapping[str, gym.spaces.Box]) -> list[tuple[str, str, str, str]]:
    rows = []
    for key, space in spaces.items():
        bounds = f"{space.low.min():g} … {space.high.max():g}"
        rows.append((code(key), f"`{space.shape}` {space.dtype}", bounds, _OBSERVATIONS[key]))
    return rows


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"`{value.shape}` {value.dtype}"
    return type(value).__name__


def _same(found: Mapping[str, Any], described: Mapping[str, str], what: str) -> None:
    if set(found) != set(described):
        raise KeyError(f"docs/_hooks/environments.py must describe the keys of {what}: {set(found) ^ set(described)}")
