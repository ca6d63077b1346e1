"""Statistics of the benchmark: intervals of rates and differences, paired tests, and their correction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import DataError

__all__ = ["bootstrap_interval", "holm", "mcnemar", "sign_flip", "wilson"]

Statistic = Callable[..., NDArray[np.float64]]
"""A function of an array and ``axis``, such as ``numpy.mean``."""

_EXACT = 12  # pairs up to which all sign patterns are enumerated
_CHUNK = 2_000_000  # elements that a block of resamples may have


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a rate (Wilson, 1927); unlike Wald's it is sensible near 0 and 1 and for small n.

    Args:
        successes: Number of successes.
        n: Number of trials.
        confidence: Probability of coverage.

    Raises:
        DataError: If there is no trial, or the numbers contradict each other.
    """
    if not 0 <= successes <= n or n < 1:
        raise DataError(f"a rate needs 0 <= successes <= n and n >= 1, not {successes} of {n}")
    from scipy.special import ndtri

    z = float(ndtri(0.5 + 0.5 * confidence))
    rate = successes / n
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    low, high = max(0.0, float(centre - half)), min(1.0, float(centre + half))
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Bias-corrected and accelerated (BCa) bootstrap interval of a statistic (Efron, 1987).

    Of paired differences this is the paired bootstrap: pairs are resampled, not systems.

    Args:
        values: ``(n,)`` independent values.
        statistic: Function of an array and ``axis``; the mean by default.
        confidence: Probability of coverage.
        resamples: Number of bootstrap samples.
        seed: Seed of the resampling: the same data always give the same interval.

    Returns:
        Bounds; both are the statistic itself if all values are equal.

    Raises:
        DataError: If there are fewer than two values, or one is not finite.
    """
    x = _finite(values)
    estimate = float(statistic(x, axis=-1))
    if np.ptp(x) == 0.0:
        return estimate, estimate
    from scipy.special import ndtr, ndtri

    replicates = _replicates(x, statistic, resamples, np.random.default_rng(seed))
    below = (np.sum(replicates < estimate) + 0.5 * np.sum(replicates == estimate)) / resamples
    bias = ndtri(np.clip(below, 0.5 / resamples, 1.0 - 0.5 / resamples))
    left_out = np.array([statistic(np.delete(x, i), axis=-1) for i in range(len(x))])
    centred = left_out.mean() - left_out
    spread = np.sum(centred**2) ** 1.5
    acceleration = np.sum(centred**3) / (6.0 * spread) if spread > 0.0 else 0.0
    z = bias + ndtri([0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence])
    low, high = np.quantile(replicates, ndtr(bias + z / (1.0 - acceleration * z)))
    return float(low), float(high)


def sign_flip(differences: ArrayLike, *, resamples: int = 20_000, seed: int = 0) -> float:
    """Two-sided p-value of the paired permutation test of a mean difference of zero.

    Under the null hypothesis the sign of each pair's difference is arbitrary. All sign patterns are enumerated for up
    to 12 pairs; beyond, ``resamples`` random ones are drawn (and the observed one counts, so that p is never zero).

    Args:
        differences: ``(n,)`` differences of pairs.
        resamples: Number of random sign patterns.
        seed: Their seed.

    Raises:
        DataError: If there are fewer than two differences, or one is not finite.
    """
    d = _finite(differences)
    d = d[d != 0.0]
    if len(d) == 0:
        return 1.0
    observed = abs(d.sum()) * (1.0 - 1e-12)
    if len(d) <= _EXACT:
        bits = (np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1
        return float(np.mean(np.abs((1 - 2 * bits) @ d) >= observed))
    rng, extreme, left = np.random.default_rng(seed), 0, resamples
    while left:
        count = min(left, max(1, _CHUNK // len(d)))
        signs = 1.0 - 2.0 * rng.integers(0, 2, (count, len(d)))
        extreme += int(np.sum(np.abs(signs @ d) >= observed))
        left -= count
    return (extreme + 1) / (resamples + 1)


def mcnemar(first: ArrayLike, second: ArrayLike) -> float:
    """Two-sided p-value of McNemar's exact test of equal success rates of paired trials.

    It is the sign test of the pairs in which exactly one of both succeeds.

    Args:
        first: ``(n,)`` bool, success of one system.
        second: ``(n,)`` bool, success of the other one in the same episodes.

    Raises:
        DataError: If the lengths differ.
    """
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise DataError(f"paired trials must have the same length, not {a.shape} and {b.shape}")
    only_first, only_second = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    if only_first + only_second == 0:
        return 1.0
    from scipy.special import bdtr

    return min(1.0, 2.0 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) step-down adjustment: the family-wise error rate of all tests together is bounded.

    Args:
        p_values: P-values of the family's tests, in any order.

    Returns:
        Adjusted p-values in the same order.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    scaled = np.minimum(1.0, p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(scaled)
    return [float(value) for value in adjusted]


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise DataError(f"at least two finite values are needed, not {x!r}")
    return x


def _replicates(
    x: NDArray[np.float64], statistic: Statistic, resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``(resamples,)`` values of the statistic on samples with replacement."""
    size, parts = max(1, _CHUNK // len(x)), []
    for start in range(0, resamples, size):
        index = rng.integers(0, len(x), (min(size, resamples - start), len(x)))
        parts.append(statistic(x[index], axis=-1))
    return np.concatenate(parts)
