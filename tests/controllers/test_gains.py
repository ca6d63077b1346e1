"""Gains at zero and infinite error, their slope, and rejected values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.controllers import AdaptiveGain

errors = st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6)


def test_adaptive_gain_has_its_values_at_both_ends():
    gain = AdaptiveGain(4.0, 0.4, 30.0)
    assert gain(np.zeros(6)) == pytest.approx(4.0)
    assert gain(np.full(6, 1e3)) == pytest.approx(0.4)


def test_adaptive_gain_has_its_slope_at_zero():
    gain, h = AdaptiveGain(4.0, 0.4, 30.0), 1e-7
    assert (gain([h]) - gain([0.0])) / h == pytest.approx(-30.0, rel=1e-5)


def test_adaptive_gain_depends_on_the_largest_component():
    gain = AdaptiveGain(4.0, 0.4, 30.0)
    assert gain([0.01, -0.2, 0.1]) == gain([-0.2])


@given(small=errors, factor=st.floats(0.0, 1.0))
def test_adaptive_gain_does_not_fall_as_the_error_does(small, factor):
    gain = AdaptiveGain(4.0, 1.5, 30.0)
    assert 1.5 <= gain(small) <= gain(np.multiply(factor, small)) <= 4.0


@given(error=errors)
def test_equal_ends_make_a_constant_gain(error):
    assert AdaptiveGain(2.0, 2.0, 30.0)(error) == 2.0
    assert AdaptiveGain.constant(2.0)(error) == 2.0


@pytest.mark.parametrize("ends", [(1.0, 2.0), (1.0, 0.0), (1.0, -1.0), (np.inf, 1.0), (np.nan, 1.0)])
def test_gains_that_would_not_converge_are_rejected(ends):
    with pytest.raises(ValueError, match="0 < at_infinity <= at_zero, not at_infinity="):
        AdaptiveGain(*ends, 30.0)


@pytest.mark.parametrize("slope", [-1.0, np.inf, np.nan])
def test_a_slope_upwards_is_rejected(slope):
    with pytest.raises(ValueError, match="slope of a gain must be finite and not negative"):
        AdaptiveGain(2.0, 1.0, slope)
