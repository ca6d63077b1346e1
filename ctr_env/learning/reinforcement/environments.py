"""The environments of a training, whose episodes are numbered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from ctr_env.errors import ConfigurationError
from ctr_env.runs.seeds import episode_seed

__all__ = ["NumberedEpisodes", "make_environment", "policy_observations"]

_PRIVILEGED = "privileged"


class NumberedEpisodes(gym.Wrapper[Any, Any, Any, Any]):
    """Seeds every episode by its number, so that training and evaluation never see the same one, and shortens ``info``.

    Attributes:
        next_episode: Number of the next episode.
    """

    def __init__(self, env: gym.Env[Any, Any], seed: int, first: int, stride: int) -> None:
        """Wrap an environment.

        Args:
            env: The environment.
            seed: Seed of the training.
            first: Number of the first episode.
            stride: Difference of the numbers of consecutive episodes: the number of environments.
        """
        super().__init__(env)
        self._seed, self.next_episode, self._stride = seed, first, stride

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode of the split ``train``, whatever ``seed`` says."""
        number, self.next_episode = self.next_episode, self.next_episode + self._stride
        return self.env.reset(seed=episode_seed("train", self._seed, number), options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Act; ``info`` has only what Stable-Baselines3 reads, since copying all of it takes longer than the step."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, reward, terminated, truncated, {"is_success": info["is_success"]}

    def continue_from(self, episode: int) -> None:
        """Begin with another episode than the first."""
        self.next_episode = episode

    def set_difficulty(self, value: float) -> None:
        """Set the difficulty of the following episodes."""
        self.env.unwrapped.difficulty = value  # type: ignore[attr-defined]


def make_environment(env_id: str, settings: Mapping[str, Any]) -> gym.Env[Any, Any]:
    """An environment with its time limit."""
    return gym.make(env_id, disable_env_checker=True, **settings)


def policy_observations(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of an environment without the observations that only a critic sees.

    Raises:
        ConfigurationError: If there are no others.
    """
    found = dict(settings)
    if "obs_mode" in found:
        found["obs_mode"] = "+".join(part for part in found["obs_mode"].split("+") if part != _PRIVILEGED)
        if not found["obs_mode"] and settings["obs_mode"]:
            raise ConfigurationError(
                f"obs_mode={_PRIVILEGED!r} is for the critic alone: add what the policy observes, such as "
                f"estimate+{_PRIVILEGED}"
            )
    return found
