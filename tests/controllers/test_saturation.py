"""Speed limits keep the direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctr_env.controllers import saturate_twist

twists = arrays(float, 6, elements=st.floats(-1e6, 1e6))


@given(twist=twists)
def test_saturated_twist_is_within_the_limits_and_parallel(twist):
    out = saturate_twist(twist, 0.5, 1.5)
    assert np.linalg.norm(out[:3]) <= 0.5 * (1.0 + 1e-12)
    assert np.linalg.norm(out[3:]) <= 1.5 * (1.0 + 1e-12)
    size = np.linalg.norm(twist)
    assert out @ twist == pytest.approx(np.linalg.norm(out) * size, rel=1e-12)


def test_a_twist_within_the_limits_is_left_alone():
    twist = np.array([0.3, 0.0, 0.4, 0.0, 1.5, 0.0])
    np.testing.assert_array_equal(saturate_twist(twist, 0.5, 1.5), twist)


def test_one_factor_scales_both_parts():
    out = saturate_twist(np.array([1.0, 0.0, 0.0, 0.0, 0.0, 1.0]), 0.5, 1.5)
    np.testing.assert_allclose(out, [0.5, 0.0, 0.0, 0.0, 0.0, 0.5])


def test_without_limits_nothing_changes():
    twist = np.array([1e300, 0.0, 0.0, 0.0, -1e300, 0.0])
    np.testing.assert_array_equal(saturate_twist(twist, np.inf, np.inf), twist)
