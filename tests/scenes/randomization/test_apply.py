"""Draws change a scene visibly, relative to the nominal model, and are undone by ``restore``."""

import numpy as np
import pytest

from ctr_env.scenes.randomization.apply import apply_draws, sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.world.objects import CLUTTER


def model_state(scene):
    names = ("geom_rgba", "geom_matid", "geom_size", "geom_rbound", "light_pos", "light_dir", "light_diffuse")
    arrays = {name: getattr(scene.model, name).copy() for name in names}
    return arrays | {
        "mocap": scene.data.mocap_pos.copy(),
        "ambient": scene.model.vis.headlight.ambient.copy(),
    }


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_draws_are_relative_to_the_nominal_model_and_are_undone(scene):
    scene.restore()
    nominal = model_state(scene)
    rules = make_randomization("strong")
    states = []
    for seed in (1, 2, 1):
        scene.restore()
        apply_draws(scene, rules.draw(seed, sizes_of(scene)))
        states.append(model_state(scene))
    assert not same(states[0], states[1])
    assert same(states[0], states[2])
    scene.restore()
    assert same(model_state(scene), nominal)


@pytest.mark.parametrize(
    "change",
    [
        {"lights.brightness": 0.2},
        {"lights.ambient": 0.1},
        {"lights.tint": [1.0, 0.5, 0.5]},
        {"lights.shadow": 0.0},
        {"lights.azimuth": [2.0, -2.0]},
        {"surfaces.colour": 0.4},
        {"surfaces.texture": 2.0},
        {"clutter.count": 12.0, "clutter.azimuth": {"uniform": [-3.1, 3.1]}, "clutter.size": 0.3},
        {"occluders.count": 3.0, "occluders.offset": 0.1},
        {"robot.colour": 0.5},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_field_changes_the_image(scene, renderer, change):
    images = []
    for config in ({}, change):
        scene.restore()
        apply_draws(scene, make_randomization(config).draw(0, sizes_of(scene)))
        scene.place_arm(scene.kinematics.home)
        images.append(renderer.rgb(scene.data).astype(int))
    scene.restore()
    assert np.abs(images[0] - images[1]).mean() > 0.2


def test_nominal_draws_change_nothing(scene, renderer):
    scene.restore()
    before = renderer.rgb(scene.data)
    nominal = {name: 0.0 for name in ("task.start", "task.goal")}
    draws = make_randomization({"preset": "none", **nominal}).draw(0, sizes_of(scene))
    apply_draws(scene, {name: value for name, value in draws.items() if not name.startswith("lights.")})
    np.testing.assert_array_equal(renderer.rgb(scene.data), before)


def test_clutter_is_at_its_drawn_position(scene):
    scene.restore()
    draw = make_randomization({"clutter.count": 2.0, "clutter.azimuth": 1.0, "clutter.distance": 2.0}).draw(
        0, sizes_of(scene)
    )
    apply_draws(scene, draw)
    placed = scene.data.mocap_pos[scene.model.body(CLUTTER.format(1)).mocapid[0]]
    np.testing.assert_allclose(placed, [2 * np.cos(1.0), 2 * np.sin(1.0), 0.6])
    hidden = scene.data.mocap_pos[scene.model.body(CLUTTER.format(2)).mocapid[0]]
    assert hidden[2] < -10
    scene.restore()
