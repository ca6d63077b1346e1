"""Settings: ranges, and that every field says what it is."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ctr_env.controllers.mpc.config import MPCConfig
from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import config_from_mapping


def test_a_config_survives_json():
    config = MPCConfig(nodes=20, keep_in_view=False)
    assert config_from_mapping(MPCConfig, json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon_s", 0.0),
        ("nodes", 1),
        ("nodes", 12.5),
        ("iterations", 0),
        ("tolerance", 0.0),
        ("least_weight", 2.0),
        ("torque_share", 0.0),
        ("view_margin", 0.5),
        ("keep_in_view", 1),
        ("gain_at_zero", -1.0),
    ],
)
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(ConfigurationError, match=f"MPCConfig.{name} must be .*not {value!r}"):
        MPCConfig(**{name: value})
