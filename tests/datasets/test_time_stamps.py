import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.datasets.time_stamps import (
    MAX_GAP_S,
    interpolated,
    interpolated_velocities,
    read_times_file,
    seconds,
    times_in_names,
)
from ctr_env.errors import DataError


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-6, 1e-9])
def test_stamps_since_1970_are_seconds_whatever_their_unit(unit):
    stamps = np.array([1.7e9, np.nan, 1.7e9 + 60.0]) / unit
    np.testing.assert_allclose(seconds(stamps), [1.7e9, np.nan, 1.7e9 + 60.0])


def test_times_since_the_start_stay_as_they_are():
    np.testing.assert_array_equal(seconds(np.array([0.0, 12.5, 3600.0])), [0.0, 12.5, 3600.0])


@pytest.mark.parametrize(
    "names",
    [
        ["1700000000.25.png", "1700000000.75.png"],
        ["rgb_1700000000250000000.jpg", "rgb_1700000000750000000.jpg"],
        ["frame-1700000000250.png", "frame-1700000000750.png"],
    ],
)
def test_names_that_end_with_time_stamps_have_times(names):
    np.testing.assert_allclose(times_in_names(names), [1700000000.25, 1700000000.75], atol=1e-6)


@pytest.mark.parametrize(
    "names", [["000000.png", "000001.png"], ["0000000012.png"], ["a.png"], ["0.5.png", "a.png"], []]
)
def test_counters_and_other_names_have_none(names):
    assert times_in_names(names) is None


@pytest.mark.parametrize(
    "text",
    [
        "image,time\na.png,1.5\nb.png,2.5\n",
        "# timestamp filename\n1.5 rgb/a.png\n2.5 rgb/b.png\n",
        "b,2.5\na,1.5\nz.png,9\n",
        "1.5\n2.5\n",
    ],
)
def test_files_of_times(tmp_path, text):
    (tmp_path / "times.txt").write_text(text)
    np.testing.assert_array_equal(read_times_file(tmp_path / "times.txt", ["a.png", "b.png"]), [1.5, 2.5])


def test_images_that_a_file_of_times_does_not_name_have_none(tmp_path):
    (tmp_path / "times.csv").write_text("a.png,1.5\n")
    np.testing.assert_array_equal(read_times_file(tmp_path / "times.csv", ["a.png", "b.png"]), [1.5, np.nan])
    (tmp_path / "times.csv").write_text("1.5\n")
    with pytest.raises(DataError, match="times.csv: no line has an image's name and its time, and 1 times are not 2"):
        read_times_file(tmp_path / "times.csv", ["a.png", "b.png"])


@given(st.integers(0, 2**32 - 1))
def test_joint_angles_that_change_linearly_are_interpolated_exactly(seed):
    rng = np.random.default_rng(seed)
    row_times = np.cumsum(rng.uniform(0.001, MAX_GAP_S, 30))
    start, rate = rng.uniform(-1, 1, 7), rng.uniform(-2, 2, 7)
    order = rng.permutation(30)
    times = rng.uniform(row_times[0], row_times[-1], 10)
    found = interpolated(times, row_times[order], (start + np.outer(row_times, rate))[order])
    np.testing.assert_allclose(found, start + np.outer(times, rate), atol=1e-9)


def test_gaps_and_times_outside_the_rows_are_not_bridged():
    row_times = np.array([0.0, 0.1, 0.5, 0.6])
    positions = np.arange(4.0)[:, None]
    times = np.array([0.05, 0.14, 0.3, 0.46, 0.55, 0.64, 0.7, -0.2, np.nan])
    found = interpolated(times, row_times, positions)[:, 0]
    np.testing.assert_allclose(found, [0.5, 1.0, np.nan, 2.0, 2.5, 3.0, np.nan, np.nan, np.nan])


def test_a_single_row_serves_images_of_its_own_time():
    found = interpolated(np.array([0.0, 5.0, 5.04]), np.array([5.0]), np.ones((1, 2)))
    np.testing.assert_array_equal(np.isfinite(found).all(axis=1), [False, True, True])


def test_velocities_are_slopes_where_rows_are_dense():
    rows = np.arange(0.0, 1.0, 0.01)
    positions = np.stack([2.0 * rows, -rows], axis=1)
    found = interpolated_velocities(np.array([0.0, 0.333, 0.5, 0.99]), rows, positions)
    np.testing.assert_allclose(found, np.tile([2.0, -1.0], (4, 1)), atol=1e-9)


def test_velocities_are_unknown_where_rows_are_sparse_or_end():
    sparse = np.arange(0.0, 5.0, 0.3)
    assert np.isnan(interpolated_velocities(np.array([0.6, 1.0]), sparse, sparse[:, None])).all()
    dense = np.arange(0.0, 1.0, 0.05)
    outside = interpolated_velocities(np.array([-0.1, 1.2, np.nan]), dense, dense[:, None])
    assert np.isnan(outside).all()
