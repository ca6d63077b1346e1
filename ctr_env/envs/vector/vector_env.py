"""The vector environment of the registered environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ctr_env.envs.seeding import Seeds
from ctr_env.envs.servo_env import ServoEnv
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.runs.configuration import require_choice, require_integer
from ctr_env.runs.cores import available_cores

from .batched_info import BatchedDraws, batched_info
from .episode_ends import EpisodeEnds
from .lockstep import Lockstep, Observed
from .reset_arguments import read_reset_arguments

__all__ = ["ServoVectorEnv"]

Batch = dict[str, NDArray[Any]]


class ServoVectorEnv(VectorEnv[Batch, NDArray[np.float32], NDArray[Any]]):
    """Several environments of one kind that are stepped together.

    Made by ``gymnasium.make_vec(id, num_envs=N, vectorization_mode="vector_entry_point")``. Environment i gives what a
    single one with its seed gives, bit for bit; with a network up to rounding, as images go through it together.
    Physics runs in threads and images are drawn in worker processes, which start with the first image.

    Attributes:
        env_type: Class of the environments.
        envs: The environments. Read and change them by :meth:`get_attr`, :meth:`set_attr` and :meth:`call`.
    """

    env_type: ClassVar[type[ServoEnv]] = ServoEnv

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        cores: int | None = None,
        **settings: Any,
    ) -> None:
        """Make the environments.

        Args:
            num_envs: Number of environments.
            max_episode_steps: Steps after which an episode is truncated; ``None`` or -1: never.
            render_mode: See :class:`ServoEnv`.
            autoreset_mode: When an environment begins its next episode, see
                :class:`gymnasium.vector.AutoresetMode`.
            cores: Number of threads, and of processes that draw; ``None``: as many as cores are available.
            settings: Arguments of the environments.

        Raises:
            ConfigurationError: If an argument is unknown or out of its range, or several environments would share an
                estimator or a controller that is given as an object.
        """
        self.autoreset_mode = _mode(autoreset_mode)
        num_envs = require_integer("num_envs", num_envs, 1)
        self._ends = EpisodeEnds(num_envs, max_episode_steps)
        cores = require_integer("cores", available_cores() if cores is None else cores, 1)
        self.envs = self._made(num_envs, render_mode, settings)
        first = self.envs[0]
        self.num_envs, self.render_mode = num_envs, render_mode
        self.metadata = {**first.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = first.observation_space, first.action_space
        self.observation_space = batch_space(first.observation_space, num_envs)
        self.action_space = batch_space(first.action_space, num_envs)
        self._together = Lockstep(self.envs, cores)
        self._draws = BatchedDraws(num_envs)
        self._newest: dict[int, Batch] = {}

    def reset(self, *, seed: Seeds = None, options: Mapping[str, Any] | None = None) -> tuple[Batch, dict[str, Any]]:
        """Begin an episode in every environment, or in some.

        Args:
            seed: Seed of the first environment, of which the others have the following ones; or that of each, where
                ``None`` lets its generator go on.
            options: Those of :meth:`ServoEnv.reset`, for all environments, and ``"reset_mask"``: ``(num_envs,)`` bool,
                the environments that begin.

        Returns:
            Observations of all environments, and ``info`` of those that have begun.

        Raises:
            ConfigurationError: If seeds, mask or an option are malformed.
            SamplingError: If the randomisation's rules leave no servoable, visible episode.
            gymnasium.error.ClosedEnvironmentError: If the environments are closed.
        """
        self._require_open()
        mask, seeds, rest = read_reset_arguments(seed, options, self.num_envs)
        if len(self._newest) < self.num_envs and not mask.all():
            raise gym.error.ResetNeeded("call reset() without reset_mask before the first reset with one")
        chosen = np.flatnonzero(mask).tolist()
        self._begin(chosen, seeds, rest)
        infos = self._observe(chosen)
        return self._batch(), batched_info(infos, self.num_envs) | self._draws.info(mask)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Batch, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Act for one camera frame.

        Args:
            actions: ``(num_envs, ...)`` actions. With ``NEXT_STEP``, those of environments whose episode has ended are
                not used: they begin another one.

        Raises:
            DataError: If an action has the wrong shape or is not finite.
            gymnasium.error.ResetNeeded: If an environment has no episode.
            gymnasium.error.ClosedEnvironmentError: If the environments are closed.
        """
        self._require_open()
        values = self._checked(actions)
        renewed, acting = self._ends.ended, self._ends.running
        self._together.act(acting, values)
        self._begin(renewed)
        infos = self._observe(range(self.num_envs))
        rewards, terminations = np.zeros(self.num_envs), np.zeros(self.num_envs, bool)
        for i in acting:
            rewards[i] = self.envs[i].step_reward(self._newest[i], infos[i])
        truncations = self._ends.advance(acting)
        over = np.flatnonzero(truncations).tolist()
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            infos |= self._renewed(over, infos)
        else:
            self._ends.end(over)
        info = batched_info(infos, self.num_envs) | self._draws.info(np.ones(self.num_envs, bool))
        return self._batch(), rewards, terminations, truncations, info

    def render(self) -> tuple[NDArray[Any], ...] | None:
        """The camera images of all environments, see :meth:`ServoEnv.render`.

        Raises:
            gymnasium.error.ClosedEnvironmentError: If the environments are closed.
        """
        self._require_open()
        if self.render_mode is None or not self._newest:
            return None
        return self._together.render("depth_array" if self.render_mode == "depth_array" else "rgb_array")

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call a method of every environment; of an attribute that is none, the values."""
        found = [getattr(env, name) for env in self.envs]
        return tuple(each(*args, **kwargs) if callable(each) else each for each in found)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute of every environment."""
        return tuple(getattr(env, name) for env in self.envs)

    def set_attr(self, name: str, values: Any) -> None:
        """Set an attribute of every environment, such as ``difficulty``.

        Args:
            name: The attribute.
            values: A list or tuple of ``num_envs`` values, or one value for all.

        Raises:
            ConfigurationError: If there are more or fewer values than environments, or no such attribute.
        """
        each = values if isinstance(values, list | tuple) else [values] * self.num_envs
        if len(each) != self.num_envs:
            raise ConfigurationError(f"{name} needs {self.num_envs} values, one per environment, not {len(each)}")
        if not hasattr(self.envs[0], name):
            raise ConfigurationError(f"{self.env_type.__name__} has no attribute {name!r}")
        for env, value in zip(self.envs, each, strict=True):
            setattr(env, name, value)

    def close_extras(self, **kwargs: Any) -> None:
        """End threads and worker processes."""
        if hasattr(self, "_together"):
            self._together.close()

    def _made(self, count: int, render_mode: str | None, settings: Mapping[str, Any]) -> list[ServoEnv]:
        for name in ("estimator", "controller"):
            if count > 1 and not isinstance(settings.get(name, ""), str):
                raise ConfigurationError(
                    f"{count} environments cannot share one {name} object, which has the state of one episode; "
                    f'name it, or a factory of your own by "module:factory", not {settings[name]!r}'
                )
        return [self.env_type(render_mode, **settings) for _ in range(count)]

    def _begin(
        self,
        chosen: Sequence[int],
        seeds: Sequence[int | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        for i in chosen:
            self._ends.end([i])  # until the new episode has begun
            self.envs[i].begin(seed=None if seeds is None else seeds[i], options=options)
            self._draws.begin(i, self.envs[i].episode.draws)
            self._ends.begin(i)

    def _observe(self, chosen: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The ``info`` of environments; their observations become the newest ones."""
        found: dict[int, Observed] = self._together.observe(chosen)
        self._newest |= {i: obs for i, (obs, _) in found.items()}
        return {i: info for i, (_, info) in found.items()}

    def _renewed(self, ended: Sequence[int], infos: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        """The ``info`` of environments that begin another episode at once, with the end of the last one."""
        last = {
            i: {"final_obs": self._newest[i], "final_info": infos[i] | {"draws": dict(self.envs[i].episode.draws)}}
            for i in ended
        }
        self._begin(ended)
        return {i: last[i] | info for i, info in self._observe(ended).items()}

    def _batch(self) -> Batch:
        newest = [self._newest[i] for i in range(self.num_envs)]
        space: Any = self.single_observation_space
        return {name: np.stack([obs[name] for obs in newest]) for name in space}

    def _require_open(self) -> None:
        """Reject what would start threads and processes that nothing ends."""
        if self.closed:
            raise gym.error.ClosedEnvironmentError("the environments are closed: make them anew")

    def _checked(self, actions: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(self._newest) < self.num_envs:
            raise gym.error.ResetNeeded("call reset() before step()")
        if self.autoreset_mode is AutoresetMode.DISABLED and self._ends.ended:
            raise gym.error.ResetNeeded(
                f"the episodes of environments {self._ends.ended} have ended; "
                'call reset(options={"reset_mask": terminations | truncations}) before step()'
            )
        values = np.asarray(actions)
        numbers = values.dtype.kind in "iuf" and np.isfinite(values).all()
        if values.shape != self.action_space.shape or not numbers:
            raise DataError(f"actions are {self.action_space.shape} finite numbers, not {actions!r}")
        return values


def _mode(value: AutoresetMode | str) -> AutoresetMode:
    if isinstance(value, AutoresetMode):
        return value
    modes = {name: mode for mode in AutoresetMode for name in (mode.name, mode.value)}
    require_choice("autoreset_mode", value, tuple(modes))
    return modes[value]
