"""Statistics of the benchmark: intervals of rates and differences, paired tests (scipy's), and their correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import DataError

__all__ = ["bootstrap_interval", "crossed_interval", "holm", "mcnemar", "sign_flip", "wilson"]

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
    from scipy.stats import binomtest

    low, high = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def bootstrap_interval(
    values: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Bias-corrected and accelerated (BCa) bootstrap interval of a mean (Efron, 1987).

    Of paired differences this is the paired bootstrap: pairs are resampled, not systems.

    Args:
        values: ``(n,)`` independent values.
        confidence: Probability of coverage.
        resamples: Number of bootstrap samples.
        seed: Seed of the resampling: the same data always give the same interval.

    Returns:
        Bounds; both are the mean itself if all values are equal.

    Raises:
        DataError: If there are fewer than two values, or one is not finite.
    """
    x = _finite(values)
    if np.ptp(x) == 0.0:
        return float(x[0]), float(x[0])
    from scipy.stats import bootstrap

    low, high = bootstrap(
        (x,), np.mean, confidence_level=confidence, n_resamples=resamples, batch=_batch(x), vectorized=True,
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(low), float(high)


def crossed_interval(
    first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap interval of a difference of means that vary with the training and with the episode.

    Trainings (rows) and episodes (columns) are resampled independently of each other, and the episodes are the same for
    both sides (the pigeonhole bootstrap of crossed random effects: Owen, 2007); the ends are percentiles. With three
    trainings it tells little of how much trainings differ: such an interval is rather too short.

    Args:
        first: ``(m, n)`` values of one side, a row for each training.
        second: ``(k, n)`` values of the other side, in the same episodes; one row where nothing was trained.
        confidence: Probability of coverage.
        resamples: Number of bootstrap samples.
        seed: Seed of the resampling.

    Raises:
        DataError: If the numbers of episodes differ or are below two, or a value is not finite.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=float)), np.atleast_2d(np.asarray(second, dtype=float))
    if a.shape[1] != b.shape[1] or a.shape[1] < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError(f"two sides with finite values of the same episodes are needed, not {a.shape} and {b.shape}")
    rng = np.random.default_rng(seed)
    episodes = _shares(rng, resamples, a.shape[1])
    means = [np.sum((_shares(rng, resamples, len(side)) @ side) * episodes, axis=1) for side in (a, b)]
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(means[0] - means[1], (tail, 1.0 - tail))
    return float(low), float(high)


def sign_flip(differences: ArrayLike, *, resamples: int = 20_000, seed: int = 0) -> float:
    """Two-sided p-value of the paired permutation test of a mean difference of zero.

    Under the null hypothesis the sign of each pair's difference is arbitrary. All sign patterns are enumerated if there
    are at most ``resamples``; else that many random ones are drawn (and the observed one counts: p is never zero).

    Args:
        differences: ``(n,)`` differences of pairs.
        resamples: Largest number of sign patterns.
        seed: Their seed.

    Raises:
        DataError: If there are fewer than two differences, or one is not finite.
    """
    d = _finite(differences)
    d = d[d != 0.0]
    if len(d) < 2:  # both sign patterns of a single difference are equally far from zero
        return 1.0
    from scipy.stats import permutation_test

    rng, batch = np.random.default_rng(seed), _batch(d)
    tested = permutation_test(
        (d,), np.mean, permutation_type="samples", vectorized=True, n_resamples=resamples, batch=batch, rng=rng
    )
    return float(tested.pvalue)


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
    from scipy.stats import binomtest

    return float(binomtest(only_first, only_first + only_second).pvalue)


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


def _shares(rng: np.random.Generator, resamples: int, count: int) -> NDArray[np.float64]:
    """``(resamples, count)`` shares of each of some things in bootstrap samples."""
    return rng.multinomial(count, np.full(count, 1.0 / count), size=resamples) / count


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise DataError(f"at least two finite values are needed, not {x!r}")
    return x


def _batch(x: NDArray[np.float64]) -> int:
    """Number of resamples that are held in memory at a time."""
    return max(1, _CHUNK // len(x))
