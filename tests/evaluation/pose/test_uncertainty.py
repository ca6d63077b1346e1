from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from ctr_env.estimators.ctrnet.uncertainty import UncertaintyModel
from ctr_env.evaluation.pose.metrics import nees, nees_within
from ctr_env.evaluation.pose.uncertainty import covariance_scale, fit_model

DEFAULT = UncertaintyModel()


def drawn(model, seed=0, count=3000):
    """Errors that a model describes, the covariances of their fits, and contour inlier ratios."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(0.0, 0.003, (count, 6, 6))
    fits = roots @ roots.transpose(0, 2, 1) + 1e-8 * np.eye(6)
    ratios = rng.uniform(0.4, 0.95, count)
    covariances = np.array([model.pose_covariance(*each) for each in zip(fits, ratios, strict=True)])
    errors = np.einsum("nij,nj->ni", np.linalg.cholesky(covariances), rng.standard_normal((count, 6)))
    return errors, fits, ratios


def records(errors, fits, ratios, claimed):
    """Records of estimates whose covariances a model has claimed."""
    return [
        {
            "error_twist": error.tolist(),
            "covariance": claimed.pose_covariance(fit, ratio),
            "contour_inlier_ratio": ratio,
            "joint_sensitivity": None,
        }
        for error, fit, ratio in zip(errors, fits, ratios, strict=True)
    ]


def without_contours(model):
    """The same model where the contour inlier ratio does not matter."""
    return replace(model, contour_exponent=0.0)


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_the_scale_that_made_the_errors_is_found(scale):
    model = UncertaintyModel(covariance_scale=scale, contour_exponent=0.0)
    errors, fits, _ = drawn(model)
    assert covariance_scale(errors, fits, DEFAULT.systematic_covariance) == pytest.approx(scale, rel=0.1)


def test_outliers_do_not_determine_the_scale():
    errors, fits, _ = drawn(without_contours(DEFAULT))
    errors[::50] *= 100.0
    scale = covariance_scale(errors, fits, DEFAULT.systematic_covariance)
    assert 1.0 < scale < 1.6
    squares = [nees(e, scale * fit + DEFAULT.systematic_covariance) for e, fit in zip(errors, fits, strict=True)]
    assert nees_within(squares, [0.9])[0] == pytest.approx(0.9, abs=0.002)


def test_the_scale_has_bounds():
    _, fits, _ = drawn(DEFAULT, count=100)
    assert covariance_scale(np.zeros((100, 6)), fits, DEFAULT.systematic_covariance) == pytest.approx(1e-3)
    assert covariance_scale(np.ones((100, 6)), 1e-6 * fits, DEFAULT.systematic_covariance) == pytest.approx(1e3)


@pytest.mark.parametrize("exponent", [1.5, 4.0])
def test_the_model_that_made_the_errors_is_found_whatever_was_claimed_before(exponent):
    true = UncertaintyModel(covariance_scale=2.0, contour_exponent=exponent, systematic_m=0.001, systematic_rad=0.001)
    claimed = replace(true, covariance_scale=0.5, contour_exponent=5.0, inherited_from="other weights")
    errors, fits, ratios = drawn(true, seed=1)
    found = fit_model(claimed, records(errors, fits, ratios, claimed))
    assert found.source == "measured"
    assert found.typical_inlier_ratio == pytest.approx(np.median(ratios))
    assert found.contour_exponent == pytest.approx(exponent, abs=0.3)
    assert found.systematic_m == 0.001
    at = {r: np.trace(m.pose_covariance(fits[0], r)) for r, m in ((0.6, found), (0.9, found))}
    assert at == pytest.approx({r: np.trace(true.pose_covariance(fits[0], r)) for r in at}, rel=0.15)


def test_what_joint_offsets_add_to_a_covariance_is_not_scaled():
    rng, true = np.random.default_rng(4), UncertaintyModel(covariance_scale=3.0, contour_exponent=0.0)
    errors, fits, ratios = drawn(true, seed=4)
    sensitivities = rng.normal(0.0, 1.0, (len(errors), 6, 7))
    errors = errors + true.joint_std_rad * np.einsum("nij,nj->ni", sensitivities, rng.standard_normal((len(errors), 7)))
    made = [
        record | {"covariance": DEFAULT.pose_covariance(fit, ratio, each), "joint_sensitivity": each.tolist()}
        for record, fit, ratio, each in zip(
            records(errors, fits, ratios, DEFAULT), fits, ratios, sensitivities, strict=True
        )
    ]
    found = fit_model(DEFAULT, made)
    at = np.trace(found.pose_covariance(fits[0], 0.8))
    assert at == pytest.approx(np.trace(true.pose_covariance(fits[0], 0.8)), rel=0.2)


def test_the_fit_makes_squared_errors_independent_of_the_contour_inlier_ratio():
    errors, fits, ratios = drawn(UncertaintyModel(contour_exponent=3.0), seed=2)
    errors = errors * np.random.default_rng(0).chisquare(3, (len(errors), 1)) / 3  # heavy tails
    found = fit_model(DEFAULT, records(errors, fits, ratios, DEFAULT))
    squares = [
        nees(error, found.pose_covariance(fit, ratio)) for error, fit, ratio in zip(errors, fits, ratios, strict=True)
    ]
    assert abs(spearmanr(squares, ratios).statistic) < 0.01
    assert nees_within(squares, [0.9])[0] == pytest.approx(0.9, abs=0.002)


def test_without_contours_or_with_few_estimates_only_the_scale_is_fitted():
    true = UncertaintyModel(covariance_scale=3.0, contour_exponent=0.0)
    errors, fits, ratios = drawn(true, seed=3)
    plain = [{**r, "contour_inlier_ratio": None} for r in records(errors, fits, ratios, without_contours(DEFAULT))]
    found = fit_model(DEFAULT, plain)
    assert found.covariance_scale == pytest.approx(3.0, rel=0.1)
    assert (found.contour_exponent, found.typical_inlier_ratio) == (5.0, 0.77)
    few = fit_model(DEFAULT, records(errors[:40], fits[:40], ratios[:40], DEFAULT))
    assert (few.contour_exponent, few.typical_inlier_ratio) == (5.0, 0.77)
