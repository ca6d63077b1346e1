"""The layout is Gymnasium's own, whatever the environments report."""

import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from ctr_env.envs.vector.batched_info import BatchedDraws, batched_info

INFOS = {
    0: {
        "a": 1.5,
        "flag": True,
        "text": "x",
        "pose": np.eye(2),
        "nested": {"k": np.float32(2.0)},
        "final_obs": {"o": 1},
    },
    1: {"a": 2.5, "flag": False, "text": "yy", "pose": 2 * np.eye(2), "nested": {}},
    2: {"a": 3.5, "flag": True, "text": "", "pose": 3 * np.eye(2), "nested": {"k": np.float32(4.0)}, "count": 7},
}


def gymnasiums(infos, count):
    envs = VectorEnv()
    envs.num_envs = count
    batch = {}
    for index, info in infos.items():
        batch = envs._add_info(batch, info, index)
    return batch


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(found[name], value)
        else:
            assert found[name].dtype == value.dtype, name
            np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("indices, count", [((0, 1, 2), 3), ((0, 2), 4), ((1,), 2), ((), 2)])
def test_it_is_what_gymnasium_makes_one_by_one(indices, count):
    infos = {index: INFOS[index] for index in indices}
    assert_same(batched_info(infos, count), gymnasiums(infos, count))


@pytest.mark.parametrize(
    "values, dtype",
    [
        ([1, 2.75], float),
        ([True, 7], int),
        ([np.float32(0.5), 1e-9], float),
        ([np.zeros(2, int), np.full(2, 0.5)], float),
        ([1, None], object),
        ([None, 1.5], object),
        ([0.5, "lost"], object),
        ([np.zeros(2), np.zeros(3)], object),
        ([{}, 1.0], object),
        ([1.0, {}], object),
    ],
)
@pytest.mark.parametrize("indices, count", [((0, 1), 2), ((0, 2), 3)], ids=["all", "some"])
def test_values_of_different_types_keep_their_values(values, dtype, indices, count):
    """Gymnasium's own takes the type of the first one: 2.75 becomes 2, and ``None`` an error or NaN."""
    found = batched_info({index: {"k": value} for index, value in zip(indices, values, strict=True)}, count)
    assert found["k"].dtype == dtype
    for index, value in zip(indices, values, strict=True):
        np.testing.assert_equal(found["k"][index], value)
    assert found["_k"].tolist() == [index in indices for index in range(count)]


def test_draws_are_those_of_the_newest_episodes_and_copies():
    draws = BatchedDraws(2)
    first, second, third = ({"x": np.array([v, v]), "y": np.array(v)} for v in (1.0, 2.0, 3.0))
    draws.begin(0, first)
    draws.begin(1, second)
    draws.begin(0, third)
    every = np.ones(2, bool)
    expected = gymnasiums({0: {"draws": third}, 1: {"draws": second}}, 2)
    assert_same(draws.info(every), expected)
    draws.info(every)["draws"]["x"][:] = 0.0
    assert_same(draws.info(every), expected)
    assert_same(draws.info(np.array([False, True])), gymnasiums({1: {"draws": second}}, 2))
