"""Seeds of environments that are reset together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_integer

__all__ = ["Seeds", "read_seeds"]

Seeds = int | Sequence[int | None] | None
"""Seed of the first environment, of which the others have the following ones; or that of each; or ``None``."""


def read_seeds(seed: Seeds, count: int) -> list[int | None]:
    """Seed of each of several environments; ``None``: its generator goes on.

    Args:
        seed: As ``reset`` is given it; integers may be NumPy's.
        count: Number of environments.

    Raises:
        ConfigurationError: If there are more or fewer seeds than environments, or one is no integer of 0 or more.
    """
    if seed is None:
        return [None] * count
    if isinstance(seed, list | tuple | np.ndarray):
        return _given(seed, count)
    first = require_integer("seed", seed, 0)
    return [first + i for i in range(count)]


def _given(seeds: Any, count: int) -> list[int | None]:
    if len(seeds) != count:
        raise ConfigurationError(f"seed must be an integer or {count} of them, one per environment, not {len(seeds)}")
    return [None if each is None else require_integer(f"seed[{i}]", each, 0) for i, each in enumerate(seeds)]
