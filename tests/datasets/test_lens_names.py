import pytest

from ctr_env.datasets.lens_names import lens_of
from ctr_env.errors import DataError

FIVE = (0.1, -0.05, 0.001, 0.002, 0.01)
ZEROS = (0.0,) * 5


@pytest.mark.parametrize("model", ["plumb_bob", "", None, "rational_polynomial", "radtan", "Brown Conrady", 4])
def test_names_of_opencvs_model(model):
    assert lens_of(model, FIVE) == ("opencv", FIVE)
    assert lens_of(model, ZEROS) == ("opencv", ())


@pytest.mark.parametrize(
    "model", ["none", "None", None, "inverse_brown_conrady", "distortion.inverse_brown_conrady", 2, 0, 1]
)
@pytest.mark.parametrize("coefficients", [ZEROS, ()])
def test_lenses_without_distortion_have_many_names(model, coefficients):
    assert lens_of(model, coefficients) == ("opencv", ())


@pytest.mark.parametrize("model", ["equidistant", "equi", "fisheye", "kannala_brandt4", "Kannala Brandt4", 5])
def test_names_of_the_equidistant_model_whose_zeros_are_a_distortion(model):
    assert lens_of(model, (0.1, 0.0, 0.02, 0.0, 0.0)) == ("equidistant", (0.1, 0.0, 0.02, 0.0))
    assert lens_of(model, ZEROS) == ("equidistant", (0.0,) * 4)


@pytest.mark.parametrize("model", ["inverse_brown_conrady", "RS2_DISTORTION_MODIFIED_BROWN_CONRADY", 2])
def test_models_that_cannot_be_expressed_are_rejected_by_name(model):
    with pytest.raises(DataError, match=f"distortion model '?{model}'? with coefficients .* is not supported"):
        lens_of(model, FIVE)


@pytest.mark.parametrize("model", ["ftheta", "fov", "equidistante", 3])
def test_unknown_models_are_rejected_even_with_zeros(model):
    with pytest.raises(DataError, match="unknown distortion model .*; valid names: .*plumb_bob.*equidistant"):
        lens_of(model, ZEROS)


def test_no_distortion_with_coefficients_is_a_contradiction():
    with pytest.raises(DataError, match="'none', but the coefficients"):
        lens_of("none", FIVE)
