"""The instant and the joint configuration that a late goal is compared with."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import ServoState
from ctr_env.controllers.latency import LATENCY, LatencyCompensation

VELOCITY = np.array([0.3, -0.2])
DT = 0.1


def moving(rule: str, followed: float = 1.0, steps: int = 10) -> LatencyCompensation:
    """A history of two joints that achieve a share of their commanded velocity."""
    history = LatencyCompensation(rule, 2.0)
    for k in range(steps):
        history.record(ServoState(followed * k * DT * VELOCITY, k * DT), VELOCITY)
    return history


def test_encoders_are_compared_now():
    history = moving("encoders")
    assert history.instant(0.3, fresh=True) == 0.9
    np.testing.assert_array_equal(history.configuration(0.3, 0.9), 9 * DT * VELOCITY)


@pytest.mark.parametrize("time_s", [0.3, 0.34, 0.9])
def test_without_compensation_the_gripper_is_that_of_the_image(time_s):
    history = moving("none")
    assert history.instant(time_s, fresh=True) == pytest.approx(time_s)
    np.testing.assert_allclose(history.configuration(time_s, time_s), time_s * VELOCITY, atol=1e-12)


def test_a_prediction_adds_what_was_commanded_since_the_image():
    """Also where the arm did not move so."""
    history = moving("predicted", followed=0.5)
    assert history.instant(0.3, fresh=True) == 0.9
    expected = 0.5 * 0.3 * VELOCITY + 0.6 * VELOCITY
    np.testing.assert_allclose(history.configuration(0.3, 0.9), expected, atol=1e-12)


@pytest.mark.parametrize("time_s", [0.0, 0.25, 0.9])
def test_a_prediction_equals_the_encoders_for_an_arm_that_moves_as_commanded(time_s):
    np.testing.assert_allclose(
        moving("predicted").configuration(time_s, 0.9), moving("encoders").configuration(time_s, 0.9), atol=1e-12
    )


def test_while_coasting_images_keep_their_last_lag():
    history = moving("none")
    history.instant(0.7, fresh=True)
    history.record(ServoState(DT * 10 * VELOCITY, 1.0), VELOCITY)
    instant = history.instant(0.7, fresh=False)
    assert instant == pytest.approx(0.8)
    np.testing.assert_allclose(history.configuration(0.7, instant), 0.8 * VELOCITY, atol=1e-12)


@pytest.mark.parametrize("rule", LATENCY)
def test_times_beyond_the_memory_are_those_of_its_ends(rule):
    history = moving(rule, steps=60)
    early = history.configuration(-5.0, history.instant(-5.0, fresh=True))
    late = history.configuration(99.0, history.instant(99.0, fresh=True))
    np.testing.assert_allclose(late, 59 * DT * VELOCITY, atol=1e-12)
    assert np.isfinite(early).all()
    if rule == "none":
        assert 3.0 * 0.3 < early[0] <= 3.9 * 0.3 + 1e-9  # two seconds before the newest, and no older


@pytest.mark.parametrize("rule", LATENCY)
def test_a_time_that_does_not_advance_begins_a_new_history(rule):
    history = moving(rule)
    q = np.array([5.0, 6.0])
    history.record(ServoState(q, 0.2), VELOCITY)
    np.testing.assert_array_equal(history.configuration(0.1, history.instant(0.1, fresh=True)), q)
