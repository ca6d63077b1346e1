"""``info`` has the same finite entries at every step."""

import numpy as np


def shapes(info):
    return {
        name: shapes(value) if isinstance(value, dict) else (type(value), np.shape(value))
        for name, value in info.items()
    }


def test_keys_shapes_and_types_are_the_same_at_every_step_and_finite(make):
    env = make(randomization="strong", estimator="noisy", estimator_config={"latency_s": 0.1})
    _, first = env.reset(seed=0)
    for _ in range(6):
        *_, info = env.step(np.zeros(6, np.float32))
        assert shapes(info) == shapes(first)
        numbers = [value for value in info.values() if not isinstance(value, str | dict)]
        assert all(np.isfinite(value).all() for value in numbers)


def test_what_is_recorded_is_a_copy(make):
    env = make()
    _, info = env.reset(seed=0)
    info["draws"]["task.goal"][:] = 0.0
    _, again = env.reset(seed=0)
    assert again["draws"]["task.goal"].any()
