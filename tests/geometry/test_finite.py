"""Finite is what NumPy calls finite, values whose squares overflow included."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ctr_env.geometry import all_finite


@given(arrays(float, array_shapes(max_dims=3, max_side=5), elements=st.floats()))
def test_it_is_the_answer_of_numpy(values):
    assert all_finite(values) is bool(np.isfinite(values).all())


def test_large_values_are_finite():
    assert all_finite(np.full(3, 1e300))
    assert not all_finite(np.array([1e300, np.inf]))
    assert all_finite(np.zeros((0, 3)))
