import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.errors import ConfigurationError
from ctr_env.scenes.randomization.distributions import (
    Choice,
    Constant,
    LogUniform,
    Normal,
    Uniform,
    distribution_from_data,
)
from ctr_env.scenes.randomization.fields import FIELDS
from ctr_env.scenes.randomization.presets import PRESETS
from ctr_env.scenes.randomization.randomization import check_draws, make_randomization

SIZES = {"joints": 7, "clutter": 12, "occluders": 3}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_draw_every_field_in_its_shape(preset):
    rules = make_randomization(preset)
    draws = rules.draw(3, SIZES) | rules.draw(3, SIZES, when="frame")
    assert draws.keys() == FIELDS.keys()
    for name, value in draws.items():
        assert value.shape == FIELDS[name].shape_for(SIZES), name
        assert np.isfinite(value).all(), name
    check_draws(draws, SIZES)


def test_presets_widen():
    spread = {}
    for preset in PRESETS:
        rules = make_randomization(preset)
        draws = [rules.draw(seed, SIZES) | rules.draw(seed, SIZES, when="frame") for seed in range(40)]
        spread[preset] = {name: np.std([draw[name] for draw in draws], axis=0).max() for name in FIELDS}
    varied = {preset: {name for name, std in spread[preset].items() if std > 1e-12} for preset in PRESETS}
    assert varied["none"] < varied["mild"] < varied["strong"]
    assert varied["strong"] - varied["hard"] == {"image.jpeg_quality"}
    assert all(name.startswith(("camera", "task", "goal_motion")) for name in varied["none"])


def test_episodes_do_without_the_fields_of_single_images_and_reject_them():
    assert all(not FIELDS[name].still for name in make_randomization("strong").for_episodes().rules)
    for rules in ("hard", {"painted.windows": 1.0}, {"camera.distortion": {"uniform": [-0.1, 0.0]}}):
        with pytest.raises(ConfigurationError, match="made for single images"):
            make_randomization(rules).for_episodes()


@given(st.integers(0, 2**62))
def test_same_seed_same_draws(seed):
    rules = make_randomization("strong")
    first, second = rules.draw(seed, SIZES), rules.draw(seed, SIZES)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_changed_fields_are_those_that_differ_from_their_nominal_values():
    rules = make_randomization({"preset": "mild", "image.exposure": 0.0, "lens.k1": {"uniform": [-0.1, 0.1]}})
    assert rules.changed("image", "lens") == ("lens.k1", "image.noise_std")
    assert make_randomization("none").changed("image", "lens", "lights") == ()


def test_only_distributions_that_say_so_use_their_generator():
    forms = (0.5, {"uniform": [0, 1]}, {"log_uniform": [1, 2]}, {"normal": [0, 1]}, {"choice": [1, 2]})
    for distribution in map(distribution_from_data, forms):
        used, fresh = np.random.default_rng(0), np.random.default_rng(0)
        distribution.sample(used, (2,))
        assert distribution.random == (used.random() != fresh.random())


def test_overriding_one_field_leaves_the_other_draws_unchanged():
    plain = make_randomization("strong").draw(5, SIZES)
    changed = make_randomization({"preset": "strong", "camera.fov": {"normal": [1.0, 0.1]}}).draw(5, SIZES)
    assert plain["camera.fov"] != changed["camera.fov"]
    assert all(np.array_equal(plain[name], changed[name]) for name in plain if name != "camera.fov")


def test_frames_differ_and_episodes_do_not_contain_them():
    rules = make_randomization({"image.noise_std": {"uniform": [0, 1], "when": "frame"}})
    assert "image.noise_std" not in rules.draw(0, SIZES)
    a, b = (rules.draw(0, SIZES, when="frame", index=i)["image.noise_std"] for i in (0, 1))
    assert a != b


@pytest.mark.parametrize(
    "config, message",
    [
        ("wild", "valid names: none, mild, strong"),
        ({"preset": "wild"}, "valid names: none, mild, strong"),
        ({"camera.fow": 1.0}, "'camera.fow'; valid names: .*camera.fov"),
        ({"camera.fov": {"uniform": [1.0]}}, "camera.fov: malformed"),
        ({"camera.fov": {"uniform": [2.0, 1.0]}}, "camera.fov: uniform bounds are crossed"),
        ({"camera.fov": "wide"}, "camera.fov: not a distribution: 'wide'"),
        ({"camera.fov": {"constant": 1.0, "when": "frame"}}, "per episode"),
        ({"camera.fov": {"constant": 1.0, "when": "never"}}, "valid names: episode, frame"),
        ({"camera.look_at": [1.0, 2.0]}, "camera.look_at"),
        ({"lights.ambient": {"log_uniform": [0.0, 1.0]}}, "0 < low"),
    ],
)
def test_mistakes_are_named(config, message):
    with pytest.raises(ValueError, match=message):
        make_randomization(config)


def test_replayed_draws_are_checked():
    with pytest.raises(ValueError, match="unknown draw 'camera.zoom'"):
        check_draws({"camera.zoom": 1.0}, SIZES)
    with pytest.raises(ValueError, match=r"'camera.look_at' must have shape \(3,\), not \(2,\)"):
        check_draws({"camera.look_at": [0.0, 0.0]}, SIZES)


@pytest.mark.parametrize(
    "data, expected",
    [
        (2, Constant(2.0)),
        ([1, 2], Constant((1.0, 2.0))),
        ({"uniform": [0, 1]}, Uniform(0.0, 1.0)),
        ({"log_uniform": [1, 10]}, LogUniform(1.0, 10.0)),
        ({"normal": [0, 2]}, Normal(0.0, 2.0)),
        ({"choice": [1, 2]}, Choice((1.0, 2.0))),
    ],
)
def test_plain_data_forms_of_distributions(data, expected):
    assert distribution_from_data(data) == expected
    assert distribution_from_data(expected) is expected


def test_distributions_have_their_moments():
    rng = np.random.default_rng(0)
    n = (20_000,)
    uniform = Uniform(-1.0, 3.0).sample(rng, n)
    assert uniform.min() >= -1
    assert uniform.max() <= 3
    assert abs(uniform.mean() - 1.0) < 0.03
    logs = np.log(LogUniform(0.1, 10.0).sample(rng, n))
    assert abs(logs.mean()) < 0.04
    assert abs(logs.std() - np.log(100) / np.sqrt(12)) < 0.03
    normal = Normal(2.0, 0.5).sample(rng, n)
    assert abs(normal.mean() - 2.0) < 0.02
    assert abs(normal.std() - 0.5) < 0.02
    assert np.abs(normal - 2.0).max() <= 1.5
    assert set(Choice((1.0, 5.0)).sample(rng, n)) == {1.0, 5.0}
