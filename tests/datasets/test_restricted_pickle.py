"""Plain values are read; whatever needs an import is rejected."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.datasets.restricted_pickle import read_plain
from ctr_env.errors import DataError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_values_come_back(value, protocol):
    assert read_plain(pickle.dumps(value, protocol)) == value


class Evil:
    def __reduce__(self):
        return os.getenv, ("HOME",)


@pytest.mark.parametrize("value", [Evil(), np.zeros(3), os.getenv])
def test_nothing_is_called_or_imported(value):
    with pytest.raises(ValueError, match="not a pickle of plain values: it needs"):
        read_plain(pickle.dumps({"pose_0": value}))


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1, 2])[:-3]])
def test_what_is_no_pickle_is_rejected(data):
    with pytest.raises(DataError, match="not a pickle"):
        read_plain(data)
