"""Vector environments as Stable-Baselines3 has them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from ctr_env.envs.vector import ServoVectorEnv
from ctr_env.errors import ConfigurationError

__all__ = ["StableVectorEnv"]

Indices = int | Iterable[int] | None


class StableVectorEnv(VecEnv):
    """A :class:`~ctr_env.envs.vector.ServoVectorEnv` for the algorithms of Stable-Baselines3.

    Environments begin the next episode at once when one ends. ``infos`` have ``terminal_observation``,
    ``TimeLimit.truncated`` and ``episode`` (return, length, seconds), as those of ``DummyVecEnv`` with ``Monitor``, but
    the random draws only in :attr:`reset_infos`.

    Attributes:
        envs: The vector environment.
    """

    def __init__(self, envs: ServoVectorEnv) -> None:
        """Adapt a vector environment.

        Args:
            envs: Made with ``autoreset_mode="Disabled"``, so that this class decides about the seeds of episodes.

        Raises:
            ConfigurationError: If it has another mode.
        """
        if envs.autoreset_mode is not AutoresetMode.DISABLED:
            raise ConfigurationError(f'autoreset_mode must be "Disabled", not "{envs.autoreset_mode.value}"')
        self.envs = envs
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self._returns, self._lengths = np.zeros(self.num_envs), np.zeros(self.num_envs, int)
        self._start = time.monotonic()

    def episode_seed(self, index: int) -> int | None:
        """Seed of the next episode of an environment that begins one by itself; ``None``: its generator goes on."""
        return None

    def reset(self) -> dict[str, NDArray[Any]]:
        """Begin an episode in every environment, by the seeds and options that were set."""
        if any(options != self._options[0] for options in self._options):
            raise ConfigurationError("all environments are reset with the same options: set_options takes one mapping")
        every = np.ones(self.num_envs, bool)
        obs = self._begin(every, self._seeds, self._options[0])
        self._reset_seeds()
        self._reset_options()
        return obs

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Take the actions of the next step."""
        self._actions = actions

    def step_wait(
        self,
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Take the step; environments whose episode ends begin the next one."""
        obs, rewards, terminations, truncations, batched = self.envs.step(self._actions)
        infos, done = _separated(batched, self.num_envs), terminations | truncations
        self._returns += rewards
        self._lengths += 1
        for i, info in enumerate(infos):
            info["TimeLimit.truncated"] = bool(truncations[i] and not terminations[i])
        if done.any():
            for i in np.flatnonzero(done).tolist():
                infos[i]["terminal_observation"] = {name: values[i] for name, values in obs.items()}
                infos[i]["episode"] = self._episode(i)
            seeds = [self.episode_seed(i) if done[i] else None for i in range(self.num_envs)]
            obs = self._begin(done, seeds, None)
        return obs, rewards.astype(np.float32), done, infos

    def get_images(self) -> Sequence[NDArray[np.uint8]]:
        """The camera images of all environments."""
        return self.envs.render() or ()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of some environments."""
        return [getattr(self.envs.envs[i], attr_name) for i in self.chosen(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of some environments."""
        for i in self.chosen(indices):
            setattr(self.envs.envs[i], attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of some environments."""
        return [getattr(self.envs.envs[i], method_name)(*method_args, **method_kwargs) for i in self.chosen(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Indices = None
    ) -> list[bool]:
        """Whether environments report what a wrapper would add: only ``Monitor``'s, which is in ``infos``."""
        return [wrapper_class is Monitor for _ in self.chosen(indices)]

    def chosen(self, indices: Indices) -> Iterable[int]:
        """The environments that an argument ``indices`` of this class means; all for ``None``."""
        if indices is None:
            return range(self.num_envs)
        return [indices] if isinstance(indices, int | np.integer) else indices

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()

    def _begin(
        self, mask: NDArray[np.bool_], seeds: Sequence[int | None], options: dict[str, Any] | None
    ) -> dict[str, NDArray[Any]]:
        whole = {} if mask.all() else {"reset_mask": mask}
        obs, batched = self.envs.reset(seed=seeds, options={**(options or {}), **whole})
        self._returns[mask], self._lengths[mask] = 0.0, 0
        for i, info in enumerate(_separated(batched, self.num_envs, nested=True)):
            if mask[i]:
                self.reset_infos[i] = info
        return obs

    def _episode(self, index: int) -> dict[str, float]:
        seconds = round(time.monotonic() - self._start, 6)
        return {"r": round(float(self._returns[index]), 6), "l": int(self._lengths[index]), "t": seconds}


def _separated(batched: dict[str, Any], count: int, nested: bool = False) -> list[dict[str, Any]]:
    """The ``info`` of each environment, with mappings such as ``draws`` or without."""
    infos: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, values in batched.items():
        if name.startswith("_") or (isinstance(values, dict) and not nested):
            continue
        if isinstance(values, dict):
            rows: Sequence[Any] = _separated(values, count, nested)
        else:
            rows = values.tolist() if values.ndim == 1 else values
        for info, row in zip(infos, rows, strict=True):
            info[name] = row
    return infos
