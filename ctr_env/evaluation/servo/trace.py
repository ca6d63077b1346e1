"""Running one episode and recording its time series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ctr_env.envs import ServoEnv
from ctr_env.envs.success import POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD
from ctr_env.errors import UsageError
from ctr_env.geometry import twist_between
from ctr_env.runs.files import replacing

__all__ = ["Trace", "run_episode"]

_SERIES = (
    *("time_s", "true_position_error_m", "true_rotation_error_rad"),
    *("apparent_position_error_m", "apparent_rotation_error_rad"),
    *("estimate_position_error_m", "estimate_rotation_error_rad"),
    *("estimate_known", "estimate_valid", "estimate_reason"),
    *("controller_mode", "controller_reason", "arm_in_view", "at_joint_limit", "is_success"),
)


@dataclass(frozen=True)
class Trace:
    """Time series of one episode; every array has one entry per frame, the first from the reset.

    Attributes:
        seed: Seed given to ``reset``.
        series: Arrays of ``info`` entries by name, and ``gripper_camera_m``, ``goal_camera_m`` ``(T, 3)`` (true
            positions in the camera frame), ``gripper_px``, ``goal_px`` ``(T, 2)``, ``gripper_view`` ``(T, 2)`` (the
            gripper in the image: -1 and 1 are its borders) and ``gripper_base_m`` ``(T, 3)``;
            ``position_error_vector_m`` and ``rotation_error_vector_rad`` ``(T, 3)``, goal minus gripper in base axes;
            ``joint_positions`` (as measured), ``joint_velocities`` (true) and ``commanded_velocities`` ``(T, n)``, the
            last of the command that led to the frame; ``estimate_position_std_m``, ``estimate_rotation_std_rad``
            ``(T,)``, the estimate's own standard deviations (root of the sum of the variances along the axes);
            ``position_tolerance_m`` and ``rotation_tolerance_rad`` ``(T,)``, NaN where there are none. Files of earlier
            versions lack some.
    """

    seed: int
    series: dict[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The series of a name."""
        return self.series[name]

    @property
    def tolerances(self) -> tuple[float, float] | None:
        """Position error (m) and rotation error (rad) below which the goal counted as reached.

        ``None`` where the gripper did not have to reach the goal: success was of a block.
        """
        names = ("position_tolerance_m", "rotation_tolerance_rad")
        defaults = (POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD)
        found = [float(self.series[n][0]) if n in self.series else d for n, d in zip(names, defaults, strict=True)]
        return None if np.isnan(found).any() else (found[0], found[1])

    def save(self, path: Path) -> None:
        """Write as NPZ."""
        with replacing(path) as scratch:
            np.savez_compressed(scratch, seed=self.seed, **self.series)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read a file of :meth:`save`, without unpickling."""
        with np.load(path, allow_pickle=False) as data:
            return cls(int(data["seed"]), {name: data[name] for name in data.files if name != "seed"})


def run_episode(
    env: gym.Env[Any, Any],
    seed: int,
    on_frame: Callable[[ServoEnv, dict[str, Any]], None] | None = None,
    policy: Callable[[Any], NDArray[np.float32]] | None = None,
) -> Trace:
    """Run an episode to its end.

    Args:
        env: A servoing environment, wrapped or not.
        seed: Seed of the reset.
        on_frame: Called after the reset and every step with the unwrapped environment and ``info``.
        policy: Action for an observation; ``None``: the zero action, which leaves the commands to the controller.

    Raises:
        UsageError: If the environment is not a servoing environment.
    """
    bare = env.unwrapped
    if not isinstance(bare, ServoEnv):
        raise UsageError(f"run_episode takes a ServoEnv, not {type(bare).__name__}")
    rows: list[dict[str, Any]] = []

    def record(info: dict[str, Any]) -> None:
        rows.append({name: info[name] for name in _SERIES} | _positions(bare))
        if on_frame is not None:
            on_frame(bare, info)

    obs, info = env.reset(seed=seed)
    record(info)
    idle = np.zeros_like(bare.action_space.sample())
    over = False
    while not over:
        obs, _, terminated, truncated, info = env.step(idle if policy is None else policy(obs))
        record(info)
        over = terminated or truncated
    return Trace(seed, {name: np.array([row[name] for row in rows]) for name in rows[0]})


def _positions(env: ServoEnv) -> dict[str, Any]:
    now = env.snapshot
    gripper = (now.camera_T_base * now.base_T_ee).translation
    goal = now.camera_T_goal.translation
    pixel = now.camera.project(gripper)
    error = twist_between(now.base_T_ee, now.base_T_goal)
    variances = now.estimate.covariance.diagonal()
    tolerances = np.array(env.tolerances or (np.nan, np.nan))
    return {
        "estimate_position_std_m": np.sqrt(variances[:3].sum()),
        "estimate_rotation_std_rad": np.sqrt(variances[3:].sum()),
        "position_tolerance_m": tolerances[0],
        "rotation_tolerance_rad": tolerances[1],
        "gripper_camera_m": gripper,
        "goal_camera_m": goal,
        "gripper_px": pixel,
        "gripper_view": 2.0 * pixel / (now.camera.width, now.camera.height) - 1.0,
        "goal_px": now.camera.project(goal),
        "gripper_base_m": now.base_T_ee.translation,
        "position_error_vector_m": error[:3],
        "rotation_error_vector_rad": error[3:],
        "joint_positions": now.joint_positions,
        "joint_velocities": now.joint_velocities,
        "commanded_velocities": env.command.joint_velocities,
    }
