"""Reaching in many worlds on one device."""

from __future__ import annotations

from typing import Any

from ctr_env.envs.reach import REWARDS, check_reaching
from ctr_env.runs.configuration import require_choice

from .objective import BatchedObjective, BatchedReachObjective
from .servo_env import WarpServoEnv

__all__ = ["WarpReachEnv"]


class WarpReachEnv(WarpServoEnv):
    """N times the task of :class:`~ctr_env.envs.ReachEnv`: reach a point that is known in the camera frame.

    Attributes:
        reward_kind: ``"dense"`` or ``"sparse"``.
        tolerance_m: Position error of success, metres.
    """

    _task = "reach"

    def __init__(
        self,
        num_envs: int,
        *,
        reward: str = "dense",
        tolerance_m: float = 0.01,
        obs_mode: str = "estimate+apparent",
        **settings: Any,
    ) -> None:
        """Make N environments.

        Args:
            num_envs: N.
            reward: ``"dense"``: minus the true position error (m); ``"sparse"``: 0 within the tolerance, else -1.
            tolerance_m: True position error below which a step is a success, metres.
            obs_mode: See :class:`WarpServoEnv`.
            settings: Further arguments of :class:`WarpServoEnv`.

        Raises:
            ConfigurationError: If a name is unknown or a value out of its range.
        """
        require_choice("reward", reward, REWARDS)
        check_reaching(tolerance_m=tolerance_m)
        self.reward_kind, self.tolerance_m = reward, tolerance_m
        super().__init__(num_envs, obs_mode=obs_mode, **settings)

    def _make_objective(self) -> BatchedObjective:
        return BatchedReachObjective(self.reward_kind, self.tolerance_m)
