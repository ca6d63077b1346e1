import numpy as np
import pytest

from ctr_env.estimators.error_model.covariance import (
    COVARIANCE_NUMBERS,
    covariance_from_vector,
    covariance_to_vector,
)


def random_covariance(rng, scale=1e-3):
    A = scale * rng.standard_normal((6, 6))
    return A @ A.T + scale**2 * np.eye(6)


@pytest.mark.parametrize("seed", range(5))
def test_vectors_and_covariances_convert_into_each_other(seed):
    rng = np.random.default_rng(seed)
    factor, covariance = np.linalg.cholesky(random_covariance(rng)), random_covariance(rng)
    vector = covariance_to_vector(covariance, factor)
    assert vector.shape == (COVARIANCE_NUMBERS,)
    np.testing.assert_allclose(covariance_from_vector(vector, factor), covariance, rtol=1e-8, atol=1e-14)


def test_the_covariance_of_the_view_itself_is_zero():
    factor = np.linalg.cholesky(random_covariance(np.random.default_rng(0)))
    np.testing.assert_allclose(covariance_to_vector(factor @ factor.T, factor), np.zeros(21), atol=1e-10)


def test_every_vector_is_a_positive_definite_covariance():
    rng = np.random.default_rng(1)
    covariance = covariance_from_vector(rng.standard_normal(21), np.eye(6))
    assert np.linalg.eigvalsh(covariance).min() > 0.0


def test_a_covariance_that_rounding_made_singular_has_a_finite_vector():
    assert np.isfinite(covariance_to_vector(np.diag([1.0, 1.0, 1.0, 1.0, 1.0, -1e-12]), np.eye(6))).all()
