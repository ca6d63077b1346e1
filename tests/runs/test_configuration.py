from dataclasses import dataclass

import pytest

from ctr_env.runs.configuration import config_from_mapping, require_range


@dataclass(frozen=True, kw_only=True)
class Sample:
    gain: float = 1.0
    count: int = 3


def test_nothing_means_the_defaults():
    assert config_from_mapping(Sample, None) == Sample()
    assert config_from_mapping(Sample, {}) == Sample()


def test_some_fields_may_be_given():
    assert config_from_mapping(Sample, {"count": 7}) == Sample(gain=1.0, count=7)


def test_a_config_is_returned_as_it_is():
    config = Sample(gain=2.0)
    assert config_from_mapping(Sample, config) is config


def test_unknown_fields_are_all_named_with_the_valid_ones():
    with pytest.raises(ValueError, match=r"unknown Sample field colour, speed; valid names: gain, count"):
        config_from_mapping(Sample, {"speed": 1.0, "gain": 2.0, "colour": "red"})


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 1])
def test_the_limits_belong_to_the_range(value):
    require_range(Sample(gain=value), 0.0, 1.0, "gain")


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf"), "0.5", None, True])
def test_what_is_no_number_in_the_range_is_rejected_by_name_value_and_range(value):
    with pytest.raises(ValueError, match=r"Sample\.gain must be a number in \[0, 1\], not ") as refusal:
        require_range(Sample(gain=value), 0.0, 1.0, "gain")
    assert repr(value) in str(refusal.value)


def test_every_named_field_is_checked():
    with pytest.raises(ValueError, match=r"Sample\.count"):
        require_range(Sample(gain=0.5, count=3), 0.0, 1.0, "gain", "count")
