"""Statistics against closed forms, enumeration and simulations."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from ctr_env.errors import DataError
from ctr_env.evaluation.benchmark.statistics import (
    bootstrap_interval,
    crossed_interval,
    holm,
    mcnemar,
    sign_flip,
    wilson,
)


@pytest.mark.parametrize("successes, n", [(0, 1), (0, 20), (1, 20), (10, 20), (20, 20), (493, 500)])
@pytest.mark.parametrize("confidence, z", [(0.9, 1.6448536), (0.95, 1.9599640), (0.99, 2.5758293)])
def test_wilson_s_bounds_are_z_standard_deviations_from_the_rate(successes, n, confidence, z):
    """Both bounds solve (p - k / n)^2 = z^2 p (1 - p) / n; the interval ends at 0 or 1 where the rate does."""
    for bound in wilson(successes, n, confidence):
        if bound not in (0.0, 1.0):
            assert (bound - successes / n) ** 2 == pytest.approx(z**2 * bound * (1.0 - bound) / n, rel=1e-6)
    low, high = wilson(successes, n, confidence)
    assert (low == 0.0) == (successes == 0)
    assert (high == 1.0) == (successes == n)


def test_wilson_covers_the_rate():
    """Exactly, by summation over all outcomes: coverage is near 95 % also for extreme rates."""
    n = 50
    outcomes = np.arange(n + 1)
    bounds = np.array([wilson(k, n) for k in outcomes])
    for rate in (0.05, 0.3, 0.5, 0.9):
        weights = scipy.stats.binom.pmf(outcomes, n, rate)
        coverage = weights[(bounds[:, 0] <= rate) & (rate <= bounds[:, 1])].sum()
        assert 0.92 < coverage < 0.985


def test_the_bootstrap_of_many_values_is_the_normal_interval_of_the_mean():
    x = np.random.default_rng(0).normal(2.0, 3.0, 4000)
    half = 1.9599640 * x.std(ddof=1) / np.sqrt(len(x))
    np.testing.assert_allclose(bootstrap_interval(x, seed=1), (x.mean() - half, x.mean() + half), atol=0.1 * half)


def test_the_bootstrap_covers_the_mean_of_skewed_differences():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        low, high = bootstrap_interval(rng.gamma(2.0, size=30) - 2.0, resamples=1000, seed=0)
        covered += low <= 0.0 <= high
    assert 0.89 < covered / 300 < 0.98  # 95 %, less what 30 skewed values lack, plus or minus three deviations


def test_the_bootstrap_is_reproducible_and_exact_for_equal_values():
    x = np.random.default_rng(0).normal(size=25)
    assert bootstrap_interval(x) == bootstrap_interval(x)
    assert bootstrap_interval(x, seed=1) != bootstrap_interval(x, seed=2)
    assert bootstrap_interval(np.full(10, 0.25)) == (0.25, 0.25)


@pytest.mark.parametrize("n", [4, 9, 12])
def test_the_sign_flip_test_counts_the_sign_patterns_with_as_large_a_mean(n):
    d = np.random.default_rng(n).normal(0.4, 1.0, n)
    means = np.array([np.dot(signs, d) for signs in itertools.product((1.0, -1.0), repeat=n)])
    assert sign_flip(d) == pytest.approx(np.mean(np.abs(means) >= abs(d.sum()) - 1e-12), abs=1e-12)


def test_random_sign_patterns_approach_all_of_them():
    d = np.random.default_rng(5).normal(0.5, 1.0, 16)
    assert sign_flip(d, resamples=20_000) == pytest.approx(sign_flip(d, resamples=2**16), abs=0.01)


def test_the_sign_flip_test_holds_its_level():
    """P-values under the null hypothesis: 5 % are below 5 %, also for skewed symmetric mixtures."""
    rng = np.random.default_rng(7)
    p = np.array([sign_flip(rng.standard_t(3, 20), resamples=500) for _ in range(600)])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.027)


def test_no_difference_is_no_evidence():
    assert sign_flip(np.zeros(10)) == 1.0
    assert mcnemar([True, False], [True, False]) == 1.0


@pytest.mark.parametrize("only_first, only_second", [(1, 0), (5, 1), (3, 3), (12, 2), (0, 40)])
def test_mcnemar_is_the_exact_sign_test(only_first, only_second):
    first = [True] * only_first + [False] * only_second + [True] * 7 + [False] * 4
    second = [False] * only_first + [True] * only_second + [True] * 7 + [False] * 4
    n, fewer = only_first + only_second, min(only_first, only_second)
    expected = min(1.0, 2.0 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_holm_is_that_of_its_paper():
    """Worked example: 0.01, 0.04, 0.03, 0.005 of four tests."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_holm_bounds_the_family_wise_error():
    rng = np.random.default_rng(1)
    false_alarms = np.mean([min(holm(list(rng.uniform(size=8)))) < 0.05 for _ in range(3000)])
    assert false_alarms == pytest.approx(0.05, abs=0.013)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: wilson(3, 2), "not 3 of 2"),
        (lambda: wilson(0, 0), "not 0 of 0"),
        (lambda: bootstrap_interval([1.0]), "at least two finite values"),
        (lambda: sign_flip([1.0, np.nan]), "at least two finite values"),
        (lambda: mcnemar([True], [True, False]), "the same length"),
    ],
)
def test_unusable_data_are_named(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("differences", [[0.0, 0.0], [0.0, 0.3], [0.0, -2.0, 0.0]])
def test_a_single_difference_tells_nothing(differences):
    assert sign_flip(differences) == 1.0


class TestCrossedInterval:
    def half(self, first, second):
        low, high = crossed_interval(first, second, resamples=40_000, seed=1)
        return 0.5 * (low + high), 0.5 * (high - low)

    def test_episodes_alone_vary_as_in_the_paired_bootstrap(self):
        rng = np.random.default_rng(0)
        common, noise = rng.normal(0.0, 5.0, 400), rng.normal(1.0, 1.0, 400)
        centre, half = self.half([common + noise], [common])
        assert centre == pytest.approx(noise.mean(), abs=0.02)
        assert half == pytest.approx(1.959964 * noise.std() / 20.0, rel=0.03)

    def test_trainings_alone_vary_by_their_own_number(self):
        levels = np.array([0.0, 0.3, 0.9, 1.0, 2.0, 2.1, 3.5, 4.0])
        centre, half = self.half(np.repeat(levels[:, None], 50, axis=1), np.zeros((1, 50)))
        assert centre == pytest.approx(levels.mean(), abs=0.05)
        assert half == pytest.approx(1.959964 * levels.std() / math.sqrt(8.0), rel=0.05)

    def test_both_sources_add_up(self):
        rng = np.random.default_rng(2)
        trainings, episodes = rng.normal(0.0, 1.0, 12), rng.normal(0.0, 3.0, 60)
        _, half = self.half(trainings[:, None] + episodes, np.zeros((1, 60)))
        variance = trainings.var() / 12 + episodes.var() / 60
        assert half == pytest.approx(1.959964 * math.sqrt(variance), rel=0.05)

    @pytest.mark.parametrize(
        "first, second", [([[1.0]], [[1.0]]), ([[1.0, 2.0]], [[1.0]]), ([[1.0, np.nan]], [[1.0, 2.0]])]
    )
    def test_what_cannot_be_compared_is_rejected(self, first, second):
        with pytest.raises(DataError, match="two sides with finite values of the same episodes are needed"):
            crossed_interval(first, second)
