import numpy as np
import pytest

from ctr_env.evaluation.report.series import ErrorSeries, band


def series(offset, seconds=2.0, points=61):
    time = np.linspace(0.0, seconds, points)
    return ErrorSeries(time, {"e": time + offset}, (0.005, 0.02))


def test_band_has_median_and_percentiles_of_the_episodes():
    found = band([series(offset) for offset in range(11)], "e", 10.0)
    assert found.median == pytest.approx(10 * (found.time_s + 5))
    assert found.low == pytest.approx(10 * (found.time_s + 1))
    assert found.high == pytest.approx(10 * (found.time_s + 9))


def test_long_series_are_thinned_from_the_first_to_the_last_time():
    found = band([series(0.0, 8.0, 2401)], "e", 1.0)
    assert len(found.time_s) <= 91 and (found.time_s[0], found.time_s[-1]) == (0.0, 8.0)


def test_an_episode_counts_until_its_end_and_where_it_has_values():
    short, long = series(0.0, 1.0, 31), series(10.0, 2.0, 61)
    long.errors["e"][:10] = np.nan
    found = band([short, long], "e", 1.0)
    assert found.median[0] == pytest.approx(0.0)
    assert found.median[20] == pytest.approx(found.time_s[20] + 5.0)
    assert found.median[-1] == pytest.approx(12.0)


def test_without_values_there_is_no_band():
    empty = ErrorSeries(np.arange(3.0), {"e": np.full(3, np.nan)}, (0.005, 0.02))
    assert band([], "e", 1.0) is None and band([empty], "e", 1.0) is None
