import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.calibration.focal_length import best_focal_scale


@given(st.floats(0.92, 1.08), st.floats(0.5, 20.0))
def test_the_maximum_of_a_parabola_is_found(best, curvature):
    assert best_focal_scale(lambda scale: 0.9 - curvature * (scale - best) ** 2) == pytest.approx(best, abs=1e-6)


def test_without_a_maximum_nothing_is_suspected():
    assert best_focal_scale(lambda scale: 0.5 + (scale - 1.05) ** 2) == 1.0
    assert best_focal_scale(lambda scale: 0.9 - 0.01 * (scale - 3.0) ** 2) == pytest.approx(1.1)
