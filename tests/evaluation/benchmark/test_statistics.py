"""Statistics against scipy where it has them, against closed forms and simulations elsewhere."""

import numpy as np
import pytest
import scipy.stats

from ctr_env.errors import DataError
from ctr_env.evaluation.benchmark.statistics import bootstrap_interval, holm, mcnemar, sign_flip, wilson


@pytest.mark.parametrize("successes, n", [(0, 1), (0, 20), (1, 20), (10, 20), (20, 20), (493, 500)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_that_of_scipy(successes, n, confidence):
    expected = scipy.stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    np.testing.assert_allclose(wilson(successes, n, confidence), expected, atol=1e-12)


def test_wilson_covers_the_rate():
    """Exactly, by summation over all outcomes: coverage is near 95 % also for extreme rates."""
    n = 50
    outcomes = np.arange(n + 1)
    bounds = np.array([wilson(k, n) for k in outcomes])
    for rate in (0.05, 0.3, 0.5, 0.9):
        weights = scipy.stats.binom.pmf(outcomes, n, rate)
        coverage = weights[(bounds[:, 0] <= rate) & (rate <= bounds[:, 1])].sum()
        assert 0.92 < coverage < 0.985


def test_the_bootstrap_is_that_of_scipy():
    x = np.random.default_rng(0).gamma(2.0, size=40)
    for statistic in (np.mean, np.median):
        ours = bootstrap_interval(x, statistic, resamples=20_000, seed=1)
        theirs = scipy.stats.bootstrap(
            (x,), statistic, n_resamples=20_000, method="BCa", vectorized=True, rng=np.random.default_rng(2)
        ).confidence_interval
        np.testing.assert_allclose(ours, theirs, atol=0.03)


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
def test_the_sign_flip_test_is_that_of_scipy(n):
    d = np.random.default_rng(n).normal(0.4, 1.0, n)
    expected = scipy.stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    ).pvalue
    assert sign_flip(d) == pytest.approx(expected, abs=1e-12)


def test_random_sign_patterns_approach_all_of_them(monkeypatch):
    d = np.random.default_rng(5).normal(0.5, 1.0, 12)
    exact = sign_flip(d)
    monkeypatch.setattr("ctr_env.evaluation.benchmark.statistics._EXACT", 0)
    assert sign_flip(d) == pytest.approx(exact, abs=0.01)


def test_the_sign_flip_test_holds_its_level():
    """P-values under the null hypothesis: 5 % are below 5 %, also for skewed symmetric mixtures."""
    rng = np.random.default_rng(7)
    p = np.array([sign_flip(rng.standard_t(3, 20), resamples=500) for _ in range(600)])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.027)


def test_no_difference_is_no_evidence():
    assert sign_flip(np.zeros(10)) == 1.0
    assert mcnemar([True, False], [True, False]) == 1.0


@pytest.mark.parametrize("only_first, only_second", [(1, 0), (5, 1), (3, 3), (12, 2), (0, 40)])
def test_mcnemar_is_the_exact_sign_test_of_scipy(only_first, only_second):
    first = [True] * only_first + [False] * only_second + [True] * 7 + [False] * 4
    second = [False] * only_first + [True] * only_second + [True] * 7 + [False] * 4
    expected = scipy.stats.binomtest(only_first, only_first + only_second).pvalue
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
