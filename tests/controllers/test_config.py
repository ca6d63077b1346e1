"""Settings: what is accepted and how the rest is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from ctr_env.controllers import PBVSConfig


def test_nothing_means_the_defaults():
    assert PBVSConfig.of(None) == PBVSConfig()
    assert PBVSConfig.of({}) == PBVSConfig()


def test_a_config_is_taken_as_it_is():
    config = PBVSConfig(coast_s=1.0)
    assert PBVSConfig.of(config) is config


def test_a_config_survives_json():
    config = PBVSConfig(feature="image", gain_at_zero=5.0)
    assert PBVSConfig.of(json.loads(json.dumps(asdict(config)))) == config


def test_unknown_fields_are_refused_with_the_valid_names():
    with pytest.raises(ValueError, match="unknown PBVSConfig fields gain, speed; valid names: feature, gain_at_zero"):
        PBVSConfig.of({"gain": 1.0, "speed": 2.0})


@pytest.mark.parametrize(
    ("field", "valid"), [("feature", "cartesian, image"), ("feed_forward", "off, given, estimate")]
)
def test_unknown_choices_are_refused_with_the_valid_names(field, valid):
    with pytest.raises(ValueError, match=f"unknown PBVSConfig.{field} 'x'; valid names: {valid}"):
        PBVSConfig.of({field: "x"})


NUMBERS = [field.name for field in fields(PBVSConfig) if isinstance(field.default, float)]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "1", True, None])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=rf"PBVSConfig\.{name} must be a (zero or )?positive number, not {value!r}"):
        PBVSConfig.of({name: value})


def test_zero_is_refused_where_it_makes_no_sense():
    with pytest.raises(ValueError, match=r"PBVSConfig\.max_linear_speed must be a positive number, not 0\.0"):
        PBVSConfig(max_linear_speed=0.0)
    assert PBVSConfig(coast_s=0.0).coast_s == 0.0


def test_a_gain_that_grows_with_the_error_is_refused():
    with pytest.raises(ValueError, match=r"gain_at_infinity must not exceed gain_at_zero, not 3\.0 and 2\.0"):
        PBVSConfig(gain_at_zero=2.0, gain_at_infinity=3.0)
