import numpy as np
import pytest
from scipy.stats import kstest, norm

X = np.zeros(3)
SHARES = (0.5, 0.3, 0.2)


def episodes(process, count, paths, **settings):
    """``(count, frames, D)`` draws."""
    errors = process(3, 2, **settings)
    found = []
    for seed in range(count):
        state = errors.begin(np.random.default_rng(seed))
        found.append([state.draw(X, path) for path in paths])
    return np.array(found)


def test_correlations_along_an_episode_are_those_of_shares_and_length(process):
    values = episodes(process, 4000, [0.0, 0.0, 0.2, 50.0], shares=SHARES, length=0.2)[..., 0]
    correlation = np.corrcoef(values.T)
    constant, varying, _ = SHARES
    assert correlation[0, 1] == pytest.approx(constant + varying, abs=0.03)
    assert correlation[1, 2] == pytest.approx(constant + varying * np.exp(-1.0), abs=0.03)
    assert correlation[0, 3] == pytest.approx(constant, abs=0.04)


def test_the_marginal_distribution_is_normal_without_factors(process):
    values = episodes(process, 4000, [0.1], log_scale=np.log(0.01))[:, 0]
    for column in values.T:
        assert kstest(column / 0.01, norm.cdf).pvalue > 1e-3


def test_episodes_have_a_factor_for_what_is_constant_and_one_for_what_scatters(process):
    values = episodes(process, 3000, [0.0] * 200, shares=(0.5, 1e-9, 0.5), spreads=(1.0, 0.5))
    scatter = np.log(values.var(axis=1).mean(axis=1) / 0.5)
    assert scatter.std() == pytest.approx(0.5, abs=0.03)
    constant = np.log(values.mean(axis=1) ** 2 / 0.5)
    plain = np.log(np.random.default_rng(0).standard_normal((3000, 2)) ** 2)
    assert constant.var() == pytest.approx(1.0 + plain.var(), rel=0.1)
    assert abs(np.corrcoef(constant.mean(axis=1), scatter)[0, 1]) < 0.05


def test_mixing_correlates_components(process):
    errors = process(3, 2)
    errors.mixing[1, 0] = 2.0
    rngs = [np.random.default_rng(seed) for seed in range(4000)]
    values = np.array([errors.begin(rng).draw(X, 0.1) for rng in rngs])
    np.testing.assert_allclose(np.cov(values.T), [[1.0, 2.0], [2.0, 5.0]], atol=0.25)
