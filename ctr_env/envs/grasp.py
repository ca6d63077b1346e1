"""Grasping: pick up a block whose pose is known in the camera frame alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ctr_env.errors import DataError
from ctr_env.runs.configuration import require_choice

from .episode import Episode
from .grasp_world import GraspWorld
from .reach import PROGRESS, REWARDS
from .servo_env import ServoEnv
from .success import HOLD_S
from .world import CONTROL_HZ

__all__ = ["LIFTED_M", "GraspEnv"]

LIFTED_M = 0.1
"""Height to which the block must be lifted, metres."""

_LIFT_WEIGHT = 5.0  # metres of distance to the block that a metre of lift counts as


class GraspEnv(ServoEnv):
    """Approach a block on the table, grasp it and lift it.

    The goal, in ``info`` and in observations, is the pose of the gripper from which it can close on the block; it moves
    with the block. Actions have one more number than those of :class:`ServoEnv`: 1 opens the gripper, -1 closes it.
    Observations have ``gripper_opening`` ``(1,)``, m, ``info`` has ``block_lift_m``, ``gripper_opening_m`` and
    ``grasped`` (whether both fingers touch the block).

    A success is a block that has been ten centimetres above where it lay for half a second. The dense reward is minus
    the distance from gripper to block (m) plus five times the lift (m, at most the height of a success);
    ``"progress"`` is the increase of this sum since the last step; the sparse one is 0 while the block is that high,
    else -1.
    """

    task_arguments: tuple[str, ...] = ("reward",)
    _world: GraspWorld
    _high_steps = 0
    _worth_before = _worth_now = 0.0

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        reward: str = "dense",
        obs_mode: str = "estimate+apparent",
        action_mode: str = "ee_twist",
        **settings: Any,
    ) -> None:
        """Make an environment.

        Args:
            render_mode: See :class:`ServoEnv`.
            reward: ``"dense"``, ``"sparse"`` or ``"progress"``.
            obs_mode: See :class:`ServoEnv`.
            action_mode: See :class:`ServoEnv`.
            settings: Further arguments of :class:`ServoEnv`.

        Raises:
            ConfigurationError: If a name is unknown, a value out of its range, or the robot has no gripper or no table.
        """
        require_choice("reward", reward, (*REWARDS, PROGRESS))
        self.reward_kind = reward
        super().__init__(render_mode, obs_mode=obs_mode, action_mode=action_mode, **settings)
        self.action_space = spaces.Box(-1.0, 1.0, (self._actions.space.shape[0] + 1,), np.float32)
        entries: Any = self.observation_space
        opening = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Dict({**entries.spaces, "gripper_opening": opening})

    def act(self, action: NDArray[np.float32]) -> None:
        """Command the arm and the gripper for one camera frame.

        Args:
            action: ``(7,)`` twist and gripper, or ``(n + 1,)`` joint velocities and gripper, in [-1, 1].

        Raises:
            DataError: If the action has the wrong shape or is not finite.
        """
        values = np.asarray(action, dtype=float)
        if values.shape != self.action_space.shape or not np.isfinite(values).all():
            raise DataError(f"an action is {self.action_space.shape} finite numbers, not {values!r}")
        self._world.move_gripper(float(np.clip(values[-1], -1.0, 1.0)))
        super().act(values[:-1].astype(np.float32))

    @property
    def tolerances(self) -> None:
        """``None``: success is of the block."""

    def _make_world(self) -> GraspWorld:
        return GraspWorld(self.config, self.kinematics, self.estimator)

    def _report(self, episode: Episode) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        obs, info = super()._report(episode)
        scene, lift = self._world.scene, self._world.lift
        high = lift >= LIFTED_M
        self._high_steps = self._high_steps + 1 if high and self._steps else 0
        info["block_lift_m"], info["gripper_opening_m"], info["grasped"] = lift, scene.gripper.opening, scene.grasped
        info["is_success"] = self._high_steps >= HOLD_S * CONTROL_HZ
        obs["gripper_opening"] = np.array([scene.gripper.opening], dtype=np.float32)
        self._worth_before, self._worth_now = self._worth_now, _worth(info)
        return obs, info

    def _reward(self, obs: dict[str, NDArray[Any]], info: dict[str, Any]) -> float:
        if self.reward_kind == "sparse":
            return -float(info["block_lift_m"] < LIFTED_M)
        return self._worth_now - self._worth_before if self.reward_kind == PROGRESS else self._worth_now


def _worth(info: dict[str, Any]) -> float:
    """The dense reward of an instant."""
    return float(_LIFT_WEIGHT * np.clip(info["block_lift_m"], 0.0, LIFTED_M) - info["true_position_error_m"])
