"""Paired comparisons on rows whose answer is known."""

import numpy as np
import pytest

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.evaluation.benchmark.comparison import compare


def rows(name, values, metric="error", **extra):
    return [{"system": name, "seed": i, metric: value, **extra} for i, value in enumerate(values)]


def hard_and_easy(n=40):
    """Episodes that differ much more than systems do."""
    return np.random.default_rng(0).uniform(0.0, 1.0, n)


def test_pairs_show_a_difference_that_unpaired_means_hide():
    base = hard_and_easy()
    noise = np.random.default_rng(1).normal(0.0, 0.01, 40)
    (found,) = compare(rows("a", base) + rows("b", base + 0.02 + noise), "error", "a")
    assert found.system == "b"
    assert found.pairs == 40
    assert found.difference == pytest.approx(0.02, abs=0.005)
    assert found.low < found.difference < found.high
    assert found.low > 0.01
    assert found.p < 1e-3
    assert found.mean - found.baseline_mean == pytest.approx(found.difference)


def test_order_of_rows_does_not_matter():
    base = hard_and_easy(10)
    a, b = rows("a", base), rows("b", base * 1.1)
    first = compare(a + b, "error", "a")[0]
    second = compare(b[::-1] + a, "error", "a")[0]
    assert first.difference == pytest.approx(second.difference)
    assert first.p == pytest.approx(second.p)


def test_success_is_compared_by_the_exact_test_of_discordant_pairs():
    a, b = [True] * 10 + [False] * 6, [True] * 10 + [True] * 6
    (found,) = compare(rows("a", a, "success") + rows("b", b, "success"), "success", "a")
    assert (found.mean, found.baseline_mean) == (1.0, 10 / 16)
    assert found.p == pytest.approx(2 * 0.5**6)


def test_undefined_values_are_counted_and_left_out():
    a, b = [1.0, 2.0, None, 4.0, None], [1.5, None, 3.5, 4.5, None]
    (found,) = compare(rows("a", a) + rows("b", b), "error", "a")
    assert (found.pairs, found.undefined) == (2, 3)
    assert found.difference == pytest.approx(0.5)
    (found,) = compare(rows("a", [1.0, None]) + rows("b", [None, 1.0]), "error", "a")
    assert (found.pairs, found.undefined, found.p, found.p_holm, found.difference) == (0, 2, None, None, None)


def test_p_values_are_corrected_for_the_number_of_systems():
    base, rng = hard_and_easy(), np.random.default_rng(2)
    several = rows("a", base)
    for i in range(4):
        several += rows(f"b{i}", base + rng.normal(0.004, 0.01, 40))
    found = compare(several, "error", "a")
    assert [each.system for each in found] == ["b0", "b1", "b2", "b3"]
    smallest = min(found, key=lambda each: each.p)
    assert smallest.p_holm == pytest.approx(min(1.0, 4 * smallest.p))
    assert all(each.p_holm >= each.p for each in found)


def test_episodes_are_identified_by_all_columns_of_pair_by():
    both = [row for s in ("x", "y") for row in rows("a", [1.0, 2.0], scenario=s) + rows("b", [2.0, 4.0], scenario=s)]
    (found,) = compare(both, "error", "a", pair_by=("scenario", "seed"))
    assert found.pairs == 4
    with pytest.raises(DataError, match="'a' has two rows with seed=0: restrict the rows, or add columns to pair_by"):
        compare(both, "error", "a")


def test_unknown_names_are_rejected():
    with pytest.raises(ConfigurationError, match="unknown baseline 'c'; valid names: a"):
        compare(rows("a", [1.0]), "error", "c")
    with pytest.raises(ConfigurationError, match="no column 'eror'; valid names: system, seed, error"):
        compare(rows("a", [1.0]), "eror", "a")
