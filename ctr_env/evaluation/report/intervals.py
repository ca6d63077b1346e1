"""Estimates with 95 % confidence intervals, as cells of tables and points of figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import quantile_test

from ctr_env.drawing.page.table import Number
from ctr_env.evaluation.benchmark.statistics import wilson

from .quantities import Quantity
from .study_data import Episode

__all__ = ["LEVEL", "median_of", "quantile_of", "share", "success_of", "values_of"]

LEVEL = 0.95
"""Confidence level of all intervals."""


def share(successes: int, of: int) -> Number:
    """A share in percent with its Wilson interval."""
    if of == 0:
        return Number(None)
    low, high = wilson(successes, of, LEVEL)
    return Number(100.0 * successes / of, 100.0 * low, 100.0 * high)


def success_of(episodes: Sequence[Episode]) -> Number:
    """Share of successes, percent; a crashed episode counts as a failure."""
    return share(sum(episode.success for episode in episodes), len(episodes))


def values_of(episodes: Sequence[Episode], quantity: Quantity) -> list[float]:
    """Values of a metric where it is defined, in the quantity's unit."""
    found = (episode.value(quantity.key) for episode in episodes)
    return [quantity.scale * value for value in found if value is not None]


def median_of(episodes: Sequence[Episode], quantity: Quantity) -> Number:
    """Median of a metric over the episodes in which it is defined, with its distribution-free interval.

    The interval is that of order statistics; it is left out where there are too few episodes for it.
    """
    values = values_of(episodes, quantity)
    if not values:
        return Number(None)
    median = float(np.median(values))
    low, high = quantile_test(values, q=median, p=0.5).confidence_interval(LEVEL)
    if not (np.isfinite(low) and np.isfinite(high)):
        return Number(median)
    return Number(median, float(low), float(high))


def quantile_of(episodes: Sequence[Episode], quantity: Quantity, level: float) -> Number:
    """Quantile of a metric over the episodes in which it is defined."""
    values = values_of(episodes, quantity)
    return Number(float(np.quantile(values, level)) if values else None)
