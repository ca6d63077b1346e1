"""Smooth start and speed limits of a requested twist."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers.twist_shaping import TwistShaping
from ctr_env.errors import ConfigurationError

TWIST = np.array([0.3, 0.0, 0.0, 0.0, 0.6, 0.0])


def test_it_joins_the_twist_at_the_rate_mu_from_the_present_one():
    shaping, now = TwistShaping(5.0), np.array([0.0, 0.1, 0.0, 0.0, 0.0, -0.2])
    shaping.restart(now)
    for t in (0.0, 0.1, 1.0):
        expected = TWIST + (now - TWIST) * np.exp(-5.0 * t)
        np.testing.assert_allclose(shaping.shape(TWIST, 3.0 + t), expected, atol=1e-15)


def test_a_residual_is_added_at_once_and_the_sum_is_limited_in_its_direction():
    shaping, residual = TwistShaping(4.0, max_linear_speed=0.1), np.array([0.0, 0.4, 0.0, 0.0, 0.0, 0.8])
    np.testing.assert_allclose(shaping.shape(TWIST, 0.0, residual), 0.25 * residual)


def test_a_rate_of_zero_starts_with_a_jump():
    np.testing.assert_array_equal(TwistShaping(0.0).shape(TWIST, 0.0), TWIST)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"continuity_rate": -1.0}, "continuity_rate must be finite and not negative, not -1.0"),
        ({"max_linear_speed": 0.0}, "max_linear_speed must be positive, not 0.0"),
        ({"max_angular_speed": np.nan}, "max_angular_speed must be positive, not nan"),
    ],
)
def test_settings_out_of_range_are_rejected(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        TwistShaping(**arguments)
