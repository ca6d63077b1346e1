"""Arguments of the reset of a vector environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def read_reset_arguments(
    seed: int | Sequence[int | None] | None, options: Mapping[str, Any] | None, count: int
) -> ResetArguments:
    """Check the arguments of ``reset``.

    Args:
        seed: Seed of the first environment, of which the others have the following ones; or that of each; or ``None``.
        options: Options, with ``"reset_mask"`` among them or without.
        count: Number of environments.

    Raises:
        ConfigurationError: If there are more or fewer seeds than environments, or the mask is none.
    """
    if seed is None:
        seeds: Sequence[int | None] = [None] * count
    elif isinstance(seed, int | np.integer):
        seeds = [int(seed) + i for i in range(count)]
    else:
        seeds = list(seed)
    if len(seeds) != count:
        raise ConfigurationError(f"seed must be an integer or {count} of them, one per environment, not {len(seeds)}")
    rest = dict(options or {})
    mask = rest.pop(_MASK, np.ones(count, bool))
    if not (isinstance(mask, np.ndarray) and mask.shape == (count,) and mask.dtype == bool and mask.any()):
        raise ConfigurationError(
            f"{_MASK} must be a bool array of shape ({count},) with one True or more, not {mask!r}"
        )
    return ResetArguments(mask, seeds, rest or None)
