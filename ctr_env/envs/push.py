"""Pushing: bring a block on the table to a place, both known in the camera frame alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from .episode import Episode
from .loop_errors import LoopErrors
from .observation import FAR_M, observation
from .push_world import PushWorld
from .reach import ReachEnv
from .success import SuccessMonitor

__all__ = ["PushEnv"]

_GRIPPER_WEIGHT = 0.1  # metres of distance from block to goal that a metre from gripper to block counts as
_BLOCK = {"goal": "block", "goal_error": "block_offset", "apparent_error": "apparent_block_offset"}
_PRIVILEGED = slice(9, 15)  # the true error of the gripper


class PushEnv(ReachEnv):
    """Push a block along the table to a place; its orientation is free, the gripper is closed.

    The goal is the place, and observations have the same of the block as of the goal: ``block`` ``(9,)`` (its pose in
    the camera frame), with ``apparent`` ``apparent_block_offset`` ``(6,)`` and with ``state`` ``block_offset`` ``(6,)``
    (block minus gripper, m, and the rotation vector from gripper to block, rad, base axes); ``privileged`` ends with
    ``block_offset``, elements 21 to 26. ``info`` has ``block_error_m`` (block from its goal) and ``block_distance_m``
    (gripper from block), both true.

    A success is a block that has been within the tolerance of its goal for half a second. The dense reward is minus the
    distance from block to goal (m), minus a tenth of that from gripper to block; ``"progress"`` is the decrease of this
    sum since the last step; the sparse reward is 0 while the block is within the tolerance, else -1.
    """

    _world: PushWorld

    def __init__(self, render_mode: str | None = None, *, tolerance_m: float = 0.02, **settings: Any) -> None:
        """Make an environment.

        Args:
            render_mode: See :class:`ServoEnv`.
            tolerance_m: Distance of the block from its goal of success, metres.
            settings: Further arguments of :class:`ReachEnv`; ``difficulty`` is a share of the distance from block to
                goal.

        Raises:
            ConfigurationError: If a name is unknown, a value out of its range, or the robot has no gripper or no table.
        """
        super().__init__(render_mode, tolerance_m=tolerance_m, **settings)
        parts: Any = self.observation_space
        entries = {**parts.spaces, **{mine: parts[name] for name, mine in _BLOCK.items() if name in parts.spaces}}
        if "privileged" in entries:
            entries["privileged"] = spaces.Box(-FAR_M, FAR_M, (27,), np.float32)
        self.observation_space = spaces.Dict(entries)

    def begin(self, *, seed: int | None, options: Any) -> None:
        """See :meth:`ServoEnv.begin`."""
        super().begin(seed=seed, options=options)
        self._block_errors = LoopErrors(closed=False)
        self._held = SuccessMonitor(self.tolerance_m, math.inf)

    @property
    def tolerances(self) -> None:
        """``None``: success is of the block."""

    def _make_world(self) -> PushWorld:
        return PushWorld(self.config, self.kinematics, self.estimator)

    def _record(self, measured_base_T_ee: NDArray[np.float64]) -> None:
        super()._record(measured_base_T_ee)
        self._block_now = self._world.block_as_goal(self._now)
        self._block_errors.update(self._block_now, measured_base_T_ee)

    def _describe(self, episode: Episode) -> dict[str, Any]:
        now, block = self._now, self._block_now.base_T_goal_matrix[:3, 3]
        info = super()._describe(episode)
        info["block_error_m"] = float(np.linalg.norm(block - now.base_T_goal_matrix[:3, 3]))
        info["block_distance_m"] = float(np.linalg.norm(block - now.base_T_ee_matrix[:3, 3]))
        return info

    def _judged(self, info: dict[str, Any]) -> tuple[float, float]:
        approach = 0.0 if self.reward_kind == "sparse" else _GRIPPER_WEIGHT * info["block_distance_m"]
        return info["block_error_m"] + approach, 0.0

    def _report(self, episode: Episode) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        obs, info = super()._report(episode)
        info["is_success"] = self._held.update(self._now.time_s, info["block_error_m"], 0.0)
        block = observation(self.config.observation_parts, self._block_now, self._block_errors)
        obs |= {mine: block[name] for name, mine in _BLOCK.items() if name in block}
        if "privileged" in obs:
            obs["privileged"] = np.concatenate([obs["privileged"], block["privileged"][_PRIVILEGED]])
        return obs, info
