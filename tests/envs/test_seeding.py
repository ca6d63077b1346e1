import numpy as np
import pytest

from ctr_env.envs.seeding import read_seeds
from ctr_env.errors import ConfigurationError


def test_seeds_follow_each_other_are_given_or_left_open():
    assert read_seeds(5, 3) == [5, 6, 7]
    assert read_seeds([3, None], 2) == [3, None]
    assert read_seeds(None, 2) == [None, None]


@pytest.mark.parametrize("seed", [np.int64(5), np.array([5, 6]), (np.uint8(5), 6)], ids=["number", "array", "tuple"])
def test_integers_of_numpy_become_those_of_python(seed):
    """Gymnasium's generators take no others."""
    found = read_seeds(seed, 2)
    assert found == [5, 6] and {type(each) for each in found} == {int}


def test_there_is_one_seed_for_each_environment():
    with pytest.raises(ConfigurationError, match="seed must be an integer or 3 of them, one per environment, not 2"):
        read_seeds([1, 2], 3)


@pytest.mark.parametrize(
    "seed, message",
    [
        (1.5, "seed must be an integer >= 0, not 1.5"),
        (-3, "seed must be an integer >= 0, not -3"),
        (True, "seed must be an integer >= 0, not True"),
        ("ab", "seed must be an integer >= 0, not 'ab'"),
        ([1, 2.5], r"seed\[1\] must be an integer >= 0, not 2.5"),
        ([-1, None], r"seed\[0\] must be an integer >= 0, not -1"),
    ],
)
def test_what_is_no_seed_is_named(seed, message):
    with pytest.raises(ConfigurationError, match=message):
        read_seeds(seed, 2)
