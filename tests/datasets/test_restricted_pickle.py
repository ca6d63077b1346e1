"""Plain values are read; whatever needs an import is rejected, and nothing runs."""

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
def test_plain_values_are_read(value, protocol):
    assert read_plain(pickle.dumps(value, protocol)) == value


class Creates:
    """An object whose pickle asks for a file to be written."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def test_nothing_is_called(tmp_path):
    data = pickle.dumps({"pose_0": Creates(tmp_path / "made")})
    with pytest.raises(DataError, match="not a pickle of plain values: it needs posix.mkdir"):
        read_plain(data)
    assert not (tmp_path / "made").exists()
    pickle.loads(data)
    assert (tmp_path / "made").exists()  # as pickle itself does


@pytest.mark.parametrize("value", [np.zeros(3), os.getenv, np.float64(1.0)])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_functions_need_an_import_and_are_rejected(value, protocol):
    with pytest.raises(DataError, match="it needs "):
        read_plain(pickle.dumps([value], protocol))


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1, 2])[:-3], b"Pobject\n.", b"(i0\n0\n."])
def test_damaged_pickles_and_references_to_objects_outside_are_rejected(data):
    with pytest.raises(DataError, match="not a pickle of plain values"):
        read_plain(data)
