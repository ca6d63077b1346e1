import numpy as np
import pytest

from ctr_env.estimators.error_model.validity import HISTORY, ValidityChain, history

X = np.zeros(2)


@pytest.fixture
def chain(network):
    def make(**weights):
        net = network(2 + len(HISTORY), 1)
        for name, value in weights.items():
            net.linear[0, 2 + HISTORY.index(name)] = value
        return ValidityChain(net)

    return make


def test_the_probability_is_logistic(chain):
    assert chain().probability(X, 0, 0.0) == pytest.approx(0.5)
    assert chain(first=2.0).probability(X, None, 0.0) == pytest.approx(1.0 / (1.0 + np.exp(-2.0)))


def test_lost_estimates_stay_lost_the_longer_the_more(chain):
    lost = chain(lost=-2.0, log_misses=-1.0)
    probabilities = [lost.probability(X, misses, 0.0) for misses in (0, 1, 10, 100)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[0] == pytest.approx(0.5)


def test_the_first_frame_has_no_history():
    np.testing.assert_array_equal(history(None, 0.3), [1.0, 0.0, 0.0, 0.0])
    assert history(3, 0.3)[1] == 1.0


def test_no_odds_overflow(chain):
    assert chain(lost=1e6).probability(X, 1, 0.0) == pytest.approx(1.0)
    assert chain(lost=-1e6).probability(X, 1, 0.0) == pytest.approx(0.0, abs=1e-12)
