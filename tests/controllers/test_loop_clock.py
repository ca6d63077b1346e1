"""The planned period of loops that keep their rate, are slow, jitter or pause."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers.loop_clock import LoopClock

DT = 1.0 / 30.0


def periods(clock: LoopClock, times: np.ndarray) -> list[float]:
    return [clock.tick(float(time)) for time in times]


@pytest.mark.parametrize("rate", [1.0, 1.2, 0.5])
def test_a_loop_that_keeps_or_exceeds_its_rate_is_planned_at_exactly_the_nominal_period(rate):
    assert set(periods(LoopClock(DT, 0.5), np.arange(300) * rate / 30)) == {DT}


def test_a_slow_loop_is_planned_for_its_measured_period_from_the_second_state_on():
    found = periods(LoopClock(DT, 0.5), np.arange(10) * 0.1)
    assert found[0] == DT
    np.testing.assert_allclose(found[1:], 0.1)


def test_one_slow_step_is_planned_for_at_once_and_forgotten_slowly():
    times = np.concatenate([np.arange(5) * DT, 4 * DT + 0.2 + np.arange(60) * DT])
    found = periods(LoopClock(DT, 0.5), times)
    assert found[5] == pytest.approx(0.2)
    assert DT < found[10] < 0.2
    assert found[-1] == DT


def test_a_pause_is_too_slow_and_leaves_the_usual_period():
    clock = LoopClock(DT, 0.5)
    clock.tick(0.0)
    assert clock.tick(2.0) == 2.0
    assert clock.too_slow
    assert clock.tick(2.0 + DT) == DT
    assert not clock.too_slow


def test_times_that_repeat_or_run_backwards_count_as_nominal():
    assert set(periods(LoopClock(DT, 0.5), np.array([0.0, 0.0, 1 / 30, -1.0, -1.0 + DT]))) == {DT}


def test_reset_forgets_the_measured_period():
    clock = LoopClock(DT, 0.5)
    periods(clock, np.arange(5) * 0.1)
    clock.reset()
    assert clock.tick(100.0) == DT
