"""What randomisation changes is kept, restored and handed on."""

import mujoco
import numpy as np
import pytest

from ctr_env.scenes.randomization.apply import apply_draws, sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.world.appearance import Appearance
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene


@pytest.fixture(scope="module")
def scene():
    return Scene(SceneConfig("panda", 32, 24))


def values(appearance):
    return [*appearance.fields.values(), appearance.headlight]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(values(one), values(other), strict=True))


def test_it_is_a_copy_that_another_model_can_take(scene):
    scene.restore()
    nominal = Appearance.of(scene.model)
    apply_draws(scene, make_randomization("strong").draw(3, sizes_of(scene)))
    drawn = Appearance.of(scene.model)
    assert not same(drawn, nominal)
    other = Scene(scene.config)
    assert same(Appearance.of(other.model), nominal)
    drawn.apply(other.model)
    assert same(Appearance.of(other.model), drawn)
    nominal.apply(scene.model)
    assert same(Appearance.of(scene.model), nominal)


def test_it_is_all_of_the_model_that_draws_change_but_for_the_camera(scene):
    """Else a restored scene, or an image of a worker process, would show something of an earlier episode."""
    scene.restore()
    before = arrays(scene.model)
    apply_draws(scene, make_randomization("strong").draw(4, sizes_of(scene)))
    changed = {name for name, value in arrays(scene.model).items() if not np.array_equal(value, before[name])}
    assert changed and changed <= set(Appearance.of(scene.model).fields)


def arrays(model):
    """Copies of all numerical arrays of a model."""
    names = [name for name in dir(mujoco.MjModel) if not name.startswith("_")]
    found = {name: getattr(model, name) for name in names}
    return {name: value.copy() for name, value in found.items() if isinstance(value, np.ndarray)}
