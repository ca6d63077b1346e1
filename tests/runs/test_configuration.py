from dataclasses import dataclass

import numpy as np
import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import (
    config_from_mapping,
    require_choice,
    require_integer,
    require_length,
    require_range,
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    gain: float = 1.0
    count: int = 3


def test_none_and_an_empty_mapping_give_the_defaults():
    assert config_from_mapping(Sample, None) == Sample()
    assert config_from_mapping(Sample, {}) == Sample()


def test_some_fields_may_be_given():
    assert config_from_mapping(Sample, {"count": 7}) == Sample(gain=1.0, count=7)


def test_an_instance_is_returned_unchanged():
    config = Sample(gain=2.0)
    assert config_from_mapping(Sample, config) is config


def test_unknown_fields_are_all_named_with_the_valid_ones():
    with pytest.raises(ConfigurationError, match=r"unknown Sample field colour, speed; valid names: gain, count"):
        config_from_mapping(Sample, {"speed": 1.0, "gain": 2.0, "colour": "red"})


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 1])
def test_the_limits_are_in_the_range(value):
    require_range(Sample(gain=value), 0.0, 1.0, "gain")


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf"), "0.5", None, True])
def test_values_out_of_range_are_rejected_with_name_value_and_range(value):
    with pytest.raises(ConfigurationError, match=r"Sample\.gain must be a number in \[0, 1\], not ") as error:
        require_range(Sample(gain=value), 0.0, 1.0, "gain")
    assert repr(value) in str(error.value)


def test_every_named_field_is_checked():
    with pytest.raises(ConfigurationError, match=r"Sample\.count"):
        require_range(Sample(gain=0.5, count=3), 0.0, 1.0, "gain", "count")


@pytest.mark.parametrize("value", ["open ", "", None, 1])
def test_a_name_outside_the_choices_is_rejected_with_the_valid_ones(value):
    require_choice("endpoint", "open", ("open", "closed"))
    with pytest.raises(ConfigurationError, match=r"unknown endpoint .*; valid names: open, closed") as error:
        require_choice("endpoint", value, ("open", "closed"))
    assert repr(value) in str(error.value)


def test_integers_of_numpy_become_those_of_python():
    assert type(require_integer("count", np.int64(3), 3)) is int
    assert require_integer("count", 4, 3) == 4


@pytest.mark.parametrize("value", [2, -1, 3.0, "3", None, True, np.bool_(True), float("nan")])
def test_what_is_no_integer_or_too_small_is_rejected(value):
    with pytest.raises(ConfigurationError, match="count must be an integer >= 3, not ") as error:
        require_integer("count", value, 3)
    assert repr(value) in str(error.value)


@dataclass(frozen=True, kw_only=True)
class Length:
    steps: int | None = None
    minutes: float | None = None


def test_a_length_is_given_in_exactly_one_unit():
    require_length(Length(steps=1))
    require_length(Length(minutes=0.5))
    for length in (Length(), Length(steps=1, minutes=1.0)):
        with pytest.raises(ConfigurationError, match="steps or minutes, not both or neither"):
            require_length(length)
    with pytest.raises(ConfigurationError, match=r"Length\.steps must be a number in \[1, 1e\+08\], not 0"):
        require_length(Length(steps=0))
