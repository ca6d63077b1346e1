import numpy as np
import pytest

from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.evaluation.pose.metrics import nees, nees_within
from ctr_env.evaluation.pose.uncertainty import covariance_scale


def drawn(scale, seed=0, count=4000):
    """Errors of poses whose covariances are made by that scale, and the covariances of their fits."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(0.0, 0.003, (count, 6, 6))
    fits = roots @ roots.transpose(0, 2, 1) + 1e-8 * np.eye(6)
    errors = np.array(
        [np.linalg.cholesky(scale * fit + systematic_covariance()) @ rng.standard_normal(6) for fit in fits]
    )
    return errors, fits


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_the_scale_that_made_the_errors_is_found(scale):
    assert covariance_scale(*drawn(scale)) == pytest.approx(scale, rel=0.1)


def test_a_few_wild_errors_do_not_decide():
    errors, fits = drawn(1.0)
    errors[::50] *= 100.0
    scale = covariance_scale(errors, fits)
    assert 1.0 < scale < 1.6
    squares = [nees(e, scale * fit + systematic_covariance()) for e, fit in zip(errors, fits, strict=True)]
    assert nees_within(squares, [0.9])[0] == pytest.approx(0.9, abs=0.002)


def test_errors_below_what_is_common_to_all_need_no_fit():
    _, fits = drawn(1.0)
    assert covariance_scale(np.zeros((len(fits), 6)), fits) == pytest.approx(1e-3)
    assert covariance_scale(np.ones((len(fits), 6)), 1e-6 * fits) == pytest.approx(1e3)
