"""The last valid estimate stays in the observation while there is no newer one."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError

__all__ = ["HoldEstimate"]

Observation = dict[str, NDArray[Any]]


class HoldEstimate(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """While the estimate is not valid, the last valid one is observed in its place.

    Without this wrapper an estimate that is not valid is observed as the identity pose with unit standard deviations.
    With it ``estimate_pose`` and ``estimate_std`` stay as they were, ``estimate_age`` grows, and ``estimate_valid`` is
    0. Until the first valid estimate of an episode nothing is changed. Controller, reward and ``info`` are unaffected.
    """

    def __init__(self, env: gym.Env[Observation, Any]) -> None:
        """Wrap an environment.

        Args:
            env: One whose ``obs_mode`` has the part ``estimate``; observations are held before they are stacked.

        Raises:
            ConfigurationError: If its observations have no estimate, or stacked ones.
        """
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        space: spaces.Space[Any] = env.observation_space
        parts = space.spaces if isinstance(space, spaces.Dict) else {}
        if "estimate_valid" not in parts or parts["estimate_valid"].shape != (1,):
            raise ConfigurationError(
                f"HoldEstimate needs the observation 'estimate_valid' of shape (1,) (obs_mode='estimate'), not {space}"
            )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode without an estimate."""
        self._held: Observation | None = None
        obs, info = self.env.reset(seed=seed, options=options)
        return self._hold(obs, info["time_s"]), info

    def step(self, action: Any) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Act, and observe the last valid estimate."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        return self._hold(obs, info["time_s"]), reward, terminated, truncated, info

    def _hold(self, obs: Observation, time_s: float) -> Observation:
        if obs["estimate_valid"][0]:
            self._held = {name: obs[name].copy() for name in ("estimate_pose", "estimate_std")}
            self._made_s = time_s - obs["estimate_age"]
            return obs
        if self._held is None:
            return obs
        held = {name: value.copy() for name, value in self._held.items()}  # observations share no arrays
        return obs | held | {"estimate_age": np.asarray(time_s - self._made_s, dtype=np.float32)}
