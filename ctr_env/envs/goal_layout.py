"""The layout of goal environments, for hindsight experience replay."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ctr_env.runs.configuration import require_choice

from .episode import Episode
from .observation import FAR_M
from .reach import REWARDS, ReachEnv

__all__ = ["GoalLayout"]

Positions = tuple[NDArray[np.float64], NDArray[np.float64]]


class GoalLayout(ReachEnv):
    """Observations of ``observation``, ``achieved_goal`` and ``desired_goal``, to be mixed into :class:`ReachEnv`.

    Goals are ``(3,)`` positions in the base frame, metres: by encoders and the newest valid estimate with
    ``obs_mode="estimate"``, true with ``"state"``. The reward is computed from the two, so that a replay buffer can
    compute it for other goals.
    """

    keys: ClassVar[Mapping[str, tuple[str, ...]]]
    """What ``observation`` has beside measured joint positions and velocities, by observation mode."""
    parts: ClassVar[Mapping[str, str]] = {"estimate": "estimate", "state": "state"}
    """The parts of observations that these are of."""

    def __init__(self, render_mode: str | None = None, *, obs_mode: str = "estimate", **settings: Any) -> None:
        """Make an environment.

        Args:
            render_mode: See :class:`ServoEnv`.
            obs_mode: ``"estimate"`` or ``"state"``.
            settings: Further arguments of the environment; ``reward`` is ``"dense"`` or ``"sparse"``, as it must
                follow from two goals alone.

        Raises:
            ConfigurationError: If a name is unknown or a value out of its range.
        """
        require_choice("obs_mode of a goal environment", obs_mode, tuple(self.parts))
        require_choice("reward of a goal environment", settings.get("reward", REWARDS[0]), REWARDS)
        super().__init__(render_mode, obs_mode=self.parts[obs_mode], **settings)
        self._truth = obs_mode == "state"
        self._keys = ("joint_positions", "joint_velocities", *self.keys[obs_mode])
        parts: Any = self.observation_space
        low, high = (np.concatenate([getattr(parts[key], end) for key in self._keys]) for end in ("low", "high"))
        goal = spaces.Box(-FAR_M, FAR_M, (3,), np.float64)
        self.observation_space = spaces.Dict(
            {"observation": spaces.Box(low, high, dtype=np.float32), "achieved_goal": goal, "desired_goal": goal}
        )
        self._home = self.kinematics.base_T_ee(self.kinematics.home).translation

    def compute_reward(
        self, achieved_goal: NDArray[np.float64], desired_goal: NDArray[np.float64], info: Any
    ) -> float | NDArray[np.float64]:
        """The reward of reaching one goal where another one was desired: minus their distance, or 0 or -1.

        Args:
            achieved_goal: ``(3,)`` or ``(N, 3)`` positions, metres.
            desired_goal: The same shape.
            info: Not used.

        Returns:
            A float, or ``(N,)``.
        """
        error = np.linalg.norm(np.asarray(achieved_goal) - np.asarray(desired_goal), axis=-1)
        found = -(error >= self.tolerance_m).astype(float) if self.reward_kind == "sparse" else -error
        return float(found) if found.ndim == 0 else found

    def compute_terminated(
        self, achieved_goal: NDArray[np.float64], desired_goal: NDArray[np.float64], info: Any
    ) -> Any:
        """``False``, or ``(N,)`` of it: staying at the goal is part of the task."""
        shape = np.shape(achieved_goal)[:-1]
        return np.zeros(shape, dtype=bool) if shape else False

    def compute_truncated(
        self, achieved_goal: NDArray[np.float64], desired_goal: NDArray[np.float64], info: Any
    ) -> Any:
        """``False``, or ``(N,)`` of it: the time limit is a wrapper's."""
        return self.compute_terminated(achieved_goal, desired_goal, info)

    @abstractmethod
    def _true_goals(self) -> Positions:
        """Achieved and desired positions, true."""

    @abstractmethod
    def _believed_goals(self) -> Positions:
        """The same by encoders and the newest valid estimate."""

    def _report(self, episode: Episode) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        found, info = super()._report(episode)
        achieved, desired = self._true_goals() if self._truth else self._believed_goals()
        return {
            "observation": np.concatenate([found[key] for key in self._keys]),
            "achieved_goal": np.clip(achieved, -FAR_M, FAR_M),
            "desired_goal": np.clip(desired, -FAR_M, FAR_M),
        }, info

    def _reward(self, obs: dict[str, NDArray[Any]], info: dict[str, Any]) -> float:
        return float(self.compute_reward(obs["achieved_goal"], obs["desired_goal"], info))
