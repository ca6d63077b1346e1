"""Arguments of the reset of a vector environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.envs.seeding import Seeds, read_seeds
from ctr_env.errors import ConfigurationError

__all__ = ["ResetArguments", "read_reset_arguments"]

_MASK = "reset_mask"


class ResetArguments(NamedTuple):
    """Which environments begin an episode, and how."""

    mask: NDArray[np.bool_]
    """``(num_envs,)`` the environments that begin."""
    seeds: Sequence[int | None]
    """Seed of each environment; ``None``: its generator goes on."""
    options: dict[str, Any] | None
    """Options of the environments themselves."""


def read_reset_arguments(seed: Seeds, options: Mapping[str, Any] | None, count: int) -> ResetArguments:
    """Check the arguments of ``reset``.

    Args:
        seed: See :func:`~ctr_env.envs.seeding.read_seeds`.
        options: Options, with ``"reset_mask"`` among them or without.
        count: Number of environments.

    Raises:
        ConfigurationError: If the seeds are malformed, or the mask is none.
    """
    seeds = read_seeds(seed, count)
    rest = dict(options or {})
    mask = rest.pop(_MASK, np.ones(count, bool))
    if not (isinstance(mask, np.ndarray) and mask.shape == (count,) and mask.dtype == bool and mask.any()):
        raise ConfigurationError(
            f"{_MASK} must be a bool array of shape ({count},) with one True or more, not {mask!r}"
        )
    return ResetArguments(mask, seeds, rest or None)
