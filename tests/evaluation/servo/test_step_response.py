"""Settling and overshoot of responses that are known in closed form."""

import numpy as np
import pytest

from ctr_env.evaluation.servo.step_response import (
    apparent_settling_time,
    overshoot,
    relative_settling_time,
    settling_time,
)
from ctr_env.evaluation.servo.trace import Trace

TIME = np.arange(3001) / 1000


def trace(position, rotation=None, known_from_s=0.0):
    """A trace with an error vector along a fixed direction, whose component is given."""
    rotation = np.zeros_like(position) if rotation is None else rotation
    direction = np.array([0.6, 0.0, 0.8])
    series = {"time_s": TIME, "estimate_known": known_from_s <= TIME}
    for kind in ("true", "apparent"):
        series[f"{kind}_position_error_m"] = np.abs(position)
        series[f"{kind}_rotation_error_rad"] = np.abs(rotation)
    series["position_error_vector_m"] = position[:, None] * direction
    series["rotation_error_vector_rad"] = rotation[:, None] * direction
    return Trace(0, series)


def test_an_exponential_settles_at_the_logarithm_of_its_ratio():
    decay = trace(0.4 * np.exp(-3.0 * TIME))
    assert settling_time(decay) == pytest.approx(np.log(0.4 / 0.005) / 3.0, abs=1e-3)
    assert relative_settling_time(decay) == pytest.approx(np.log(20.0) / 3.0, abs=1e-3)
    assert overshoot(decay, "position_error_m") == 0.0


def test_an_under_damped_response_overshoots_by_its_formula():
    """exp(−ζωt) cos-like step response: overshoot exp(−πζ/√(1 − ζ²)) of the initial error."""
    zeta, omega = 0.4, 8.0
    damped = omega * np.sqrt(1 - zeta**2)
    response = np.exp(-zeta * omega * TIME) * (np.cos(damped * TIME) + zeta * omega / damped * np.sin(damped * TIME))
    expected = np.exp(-np.pi * zeta / np.sqrt(1 - zeta**2))
    assert overshoot(trace(0.2 * response), "position_error_m") == pytest.approx(0.2 * expected, rel=1e-3)
    assert overshoot(trace(0.2 * response, 0.5 * response), "rotation_error_rad") == pytest.approx(
        0.5 * expected, rel=1e-3
    )


def test_a_lateral_deviation_is_no_overshoot():
    found = trace(0.2 * np.exp(-TIME))
    found.series["position_error_vector_m"][500] = [0.8, 0.0, -0.6]  # at a right angle to the initial error
    assert overshoot(found, "position_error_m") == pytest.approx(0.0, abs=1e-12)


def test_small_initial_errors_are_judged_by_the_tolerance_and_have_no_overshoot():
    small = trace(np.full(3001, 0.0008), np.full(3001, 1e-3))
    assert relative_settling_time(small) == 0.0
    assert overshoot(small, "position_error_m") is None
    assert overshoot(small, "rotation_error_rad") is None


def test_both_errors_must_settle():
    fast, slow = 0.4 * np.exp(-9.0 * TIME), 0.4 * np.exp(-3.0 * TIME)
    assert relative_settling_time(trace(fast, slow)) == pytest.approx(np.log(20.0) / 3.0, abs=1e-3)
    assert relative_settling_time(trace(fast, np.full(3001, 0.4))) is None


def test_apparent_errors_count_from_the_first_estimate():
    assert apparent_settling_time(trace(np.zeros(3001), known_from_s=1.0)) == pytest.approx(1.0)
    assert apparent_settling_time(trace(np.zeros(3001), known_from_s=9.0)) is None


def test_where_success_is_of_a_block_settling_is_that_of_the_success():
    """The gripper leaves the goal when the block is there, and is not to stay at it before."""
    pushing = trace(np.where((TIME > 0.5) & (TIME < 1.0), 0.001, 0.2))
    for name in ("position_tolerance_m", "rotation_tolerance_rad"):
        pushing.series[name] = np.full(3001, np.nan)
    pushing.series["is_success"] = ((TIME > 1.2) & (TIME < 1.4)) | (TIME >= 2.0)
    assert settling_time(pushing) == pytest.approx(2.0)
    for undefined in (relative_settling_time, apparent_settling_time):
        assert undefined(pushing) is None
    assert overshoot(pushing, "position_error_m") is None
    pushing.series["is_success"][-1] = False
    assert settling_time(pushing) is None
