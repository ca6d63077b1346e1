"""Normalisation of observations and rewards by running statistics, and the statistics as part of a training's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from .actor import CLIP

__all__ = ["normalised", "normalised_keys", "normaliser_weights", "restore_statistics", "statistics"]

_AS_IT_IS = ("estimate_std", "estimate_valid", "estimate_age")
"""Observations that an estimator of the training may keep constant, and another one not: normalised, they would be
magnified without bound when a policy acts on the poses of the other one."""
_EPSILON = 1e-4
"""Added to variances, so that nothing is magnified by more than a hundred."""
_IMAGE_DIMENSIONS = 3


def normalised(envs: VecEnv, norm_obs: bool, norm_reward: bool, gamma: float) -> VecNormalize:
    """Environments whose vectors and rewards are normalised; images and what qualifies an estimate are not.

    Args:
        envs: Environments with dictionaries of observations.
        norm_obs: Whether observations are normalised.
        norm_reward: Whether rewards are divided by the standard deviation of the discounted return.
        gamma: Discount factor of that return.
    """
    space = envs.observation_space
    assert isinstance(space, spaces.Dict)
    vectors = [key for key, part in space.spaces.items() if len(part.shape or ()) != _IMAGE_DIMENSIONS]
    keys = [key for key in vectors if key not in _AS_IT_IS]
    return VecNormalize(
        envs, norm_obs=norm_obs, norm_reward=norm_reward, gamma=gamma, norm_obs_keys=keys if norm_obs else None,
        clip_obs=CLIP, epsilon=_EPSILON,
    )  # fmt: skip


def statistics(envs: VecNormalize | None) -> dict[str, Any] | None:
    """The running statistics; ``None`` if nothing is normalised."""
    return None if envs is None else {name: _state(found) for name, found in _running(envs).items()}


def restore_statistics(envs: VecNormalize, state: Mapping[str, Any]) -> None:
    """Go on with statistics that :func:`statistics` returned, or that were read from a file."""
    for name, found in _running(envs).items():
        values = state[name]
        found.mean, found.var = (np.asarray(values[part], dtype=np.float64) for part in ("mean", "var"))
        found.count = values["count"]


def normalised_keys(envs: VecNormalize | None) -> tuple[str, ...]:
    """Keys of the observations that are normalised."""
    return tuple(envs.obs_rms) if envs is not None and envs.norm_obs else ()


def normaliser_weights(envs: VecNormalize, keys: Iterable[str]) -> dict[str, torch.Tensor]:
    """Buffers of :class:`~.actor.ActorNetwork` that normalise the observations of some keys as the environments do."""
    found = {}
    for key in keys:
        running = envs.obs_rms[key]
        found[f"normalisers.{key}.mean"] = torch.as_tensor(running.mean)
        found[f"normalisers.{key}.std"] = torch.as_tensor(np.sqrt(running.var + envs.epsilon))
    return found


def _running(envs: VecNormalize) -> dict[str, RunningMeanStd]:
    observations = envs.obs_rms if envs.norm_obs else {}
    return {"return": envs.ret_rms, **{f"observation {key}": found for key, found in observations.items()}}


def _state(found: RunningMeanStd) -> dict[str, Any]:
    return {"mean": torch.as_tensor(found.mean), "var": torch.as_tensor(found.var), "count": float(found.count)}
