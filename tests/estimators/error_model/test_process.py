import numpy as np
import pytest
from scipy.stats import kstest, t

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


def test_the_marginal_distribution_is_that_of_the_parameters(process):
    values = episodes(process, 4000, [0.1], dof=4.0, log_scale=np.log(0.01))[:, 0]
    for column in values.T:
        assert kstest(column / 0.01, t(4.0).cdf).pvalue > 1e-3


def test_mixing_correlates_components(process):
    errors = process(3, 2)
    errors.mixing[1, 0] = 2.0
    rngs = [np.random.default_rng(seed) for seed in range(4000)]
    values = np.array([errors.begin(rng).draw(X, 0.1) for rng in rngs])
    np.testing.assert_allclose(np.cov(values.T), [[1.0, 2.0], [2.0, 5.0]], atol=0.25)
