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
