"""Options of ``reset``: which recorded draws, and which seed, an episode repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.randomization.randomization import Draws, check_draws

__all__ = ["Replay", "read_reset_options"]

_OPTIONS = ("draws", "seed")


class Replay(NamedTuple):
    """Parts of a recorded episode that a new one repeats."""

    draws: Draws
    """Values that replace drawn ones, by field name."""
    seed: int | None
    """Seed of the episode; ``None``: the next one of the environment's generator."""


def read_reset_options(options: Mapping[str, Any] | None, sizes: Mapping[str, int]) -> Replay:
    """Check the options of ``reset``.

    Args:
        options: ``{"draws": mapping, "seed": int}``, either or both, as ``info`` recorded them.
        sizes: Sizes that fields of the scene have, as :func:`~ctr_env.scenes.randomization.apply.sizes_of` has them.

    Raises:
        ConfigurationError: If an option or a draw is unknown or malformed.
    """
    options = options or {}
    for name in options:
        require_choice("reset option", name, _OPTIONS)
    seed = options.get("seed")
    if seed is not None:
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
            raise ConfigurationError(f"the reset option seed must be an integer >= 0, not {seed!r}")
        seed = int(seed)
    return Replay(check_draws(options.get("draws", {}), sizes), seed)
