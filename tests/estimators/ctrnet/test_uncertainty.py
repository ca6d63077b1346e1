import numpy as np
import pytest

from ctr_env.estimators.ctrnet.uncertainty import UncertaintyModel
from ctr_env.estimators.systematic_error import systematic_covariance

FIT = np.diag([1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 6e-6])


def test_the_defaults_give_the_constants_of_files_without_an_uncertainty_model():
    """The formula, to the last bit."""
    model = UncertaintyModel(covariance_scale=1.081)
    for ratio in (0.3, 0.51, 0.77, 0.93):
        share = max(ratio, 0.05) / 0.77
        expected = 1.081 * share**-5.0 * FIT + systematic_covariance()
        assert np.array_equal(model.pose_covariance(FIT, ratio), expected)
    assert np.array_equal(model.pose_covariance(FIT), 1.081 * 1.0 * FIT + systematic_covariance())


def test_the_covariance_grows_as_the_contour_inlier_ratio_falls():
    model = UncertaintyModel(covariance_scale=0.4)
    whole, half = (model.pose_covariance(FIT, ratio) - model.systematic_covariance for ratio in (1.0, 0.5))
    np.testing.assert_allclose(half, 32 * whole)
    typical = model.pose_covariance(FIT, model.typical_inlier_ratio)
    np.testing.assert_allclose(model.pose_covariance(FIT), typical)
    assert np.isfinite(model.pose_covariance(FIT, 0.0)).all()


def test_every_constant_of_the_covariance_can_differ_between_weights():
    model = UncertaintyModel(contour_exponent=2.0, typical_inlier_ratio=0.5, systematic_m=0.01, systematic_rad=0.02)
    np.testing.assert_allclose(np.diag(model.systematic_covariance), [1e-4] * 3 + [4e-4] * 3)
    np.testing.assert_allclose(model.pose_covariance(FIT, 0.25), 4 * FIT + model.systematic_covariance)


def test_the_source_tells_measured_from_inherited_constants():
    assert UncertaintyModel().source == "default"
    assert UncertaintyModel(measured=True).source == "measured"
    assert UncertaintyModel(inherited_from="panda.safetensors").source == "inherited"
    with pytest.raises(ValueError, match="inherited_from must be empty"):
        UncertaintyModel(measured=True, inherited_from="panda.safetensors")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"covariance_scale": 0.0}, r"covariance_scale must be a number in \[1e-06, 1e\+06\], not 0.0"),
        ({"typical_inlier_ratio": 77}, "typical_inlier_ratio must be a number in"),
        ({"systematic_m": float("nan")}, "systematic_m"),
    ],
)
def test_values_out_of_range_are_rejected(change, message):
    with pytest.raises(ValueError, match=message):
        UncertaintyModel(**change)
