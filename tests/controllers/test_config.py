"""Settings: accepted values, and errors that name the valid ones."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest

from ctr_env.controllers import PBVSConfig
from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import config_from_mapping


def test_a_config_survives_json():
    config = PBVSConfig(feature="image", gain_at_zero=5.0)
    assert config_from_mapping(PBVSConfig, json.loads(json.dumps(asdict(config)))) == config


def test_unknown_fields_are_rejected_with_the_valid_names():
    with pytest.raises(
        ConfigurationError, match="unknown PBVSConfig field gain, speed; valid names: gain_at_zero, .*, feature"
    ):
        config_from_mapping(PBVSConfig, {"gain": 1.0, "speed": 2.0})


@pytest.mark.parametrize(
    ("field", "valid"), [("feature", "cartesian, image"), ("feed_forward", "off, given, estimate")]
)
def test_unknown_choices_are_rejected_with_the_valid_names(field, valid):
    with pytest.raises(ConfigurationError, match=f"unknown PBVSConfig.{field} 'x'; valid names: {valid}"):
        config_from_mapping(PBVSConfig, {field: "x"})


NUMBERS = [field.name for field in fields(PBVSConfig) if isinstance(field.default, float)]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "1", True, None])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_out_of_range_are_rejected(name, value):
    with pytest.raises(ConfigurationError, match=rf"PBVSConfig\.{name} must be a number in .*, not {value!r}"):
        config_from_mapping(PBVSConfig, {name: value})


def test_zero_is_rejected_where_a_quantity_must_be_positive():
    with pytest.raises(ConfigurationError, match=r"PBVSConfig\.max_linear_speed must be a number in .*, not 0\.0"):
        PBVSConfig(max_linear_speed=0.0)
    assert PBVSConfig(coast_s=0.0).coast_s == 0.0


def test_a_gain_that_grows_with_the_error_is_rejected():
    with pytest.raises(ConfigurationError, match=r"gain_at_infinity must not exceed gain_at_zero, not 3\.0 and 2\.0"):
        PBVSConfig(gain_at_zero=2.0, gain_at_infinity=3.0)
