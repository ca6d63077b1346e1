"""Vector environments of a training, whose episodes are numbered."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ctr_env.envs.vector import ServoVectorEnv
from ctr_env.runs.seeds import episode_seed

from .vector_adapter import Indices, StableVectorEnv

__all__ = ["NumberedVectorEnv"]


class NumberedVectorEnv(StableVectorEnv):
    """Seeds every episode by its number, as :class:`~.environments.NumberedEpisodes` does for one environment.

    Environment i of N has the episodes i, i + N, ... The attribute ``next_episode`` and the methods ``continue_from``
    and ``set_difficulty`` are those of that wrapper.
    """

    def __init__(self, envs: ServoVectorEnv, seed: int) -> None:
        """Number the episodes of a vector environment, for the seed of a training."""
        self._seed = seed
        self._next = list(range(envs.num_envs))
        super().__init__(envs)

    def episode_seed(self, index: int) -> int:
        """Seed of the next episode of an environment, in the split ``train``."""
        number, self._next[index] = self._next[index], self._next[index] + self.num_envs
        return episode_seed("train", self._seed, number)

    def reset(self) -> dict[str, NDArray[Any]]:
        """Begin the next episode of every environment, whatever seeds were set."""
        self._seeds = [self.episode_seed(i) for i in range(self.num_envs)]
        return super().reset()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of some environments, or ``next_episode``."""
        if attr_name == "next_episode":
            return [self._next[i] for i in self.chosen(indices)]
        return super().get_attr(attr_name, indices)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of some environments, or ``continue_from`` or ``set_difficulty``."""
        if method_name == "continue_from":
            return [self._next.__setitem__(i, *method_args) for i in self.chosen(indices)]
        if method_name == "set_difficulty":
            self.set_attr("difficulty", method_args[0], indices=indices)
            return [None for _ in self.chosen(indices)]
        return super().env_method(method_name, *method_args, indices=indices, **method_kwargs)
