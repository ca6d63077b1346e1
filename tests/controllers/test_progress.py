"""Stalls are found within two seconds; noise, lag and slow goals are not taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import ServoState
from ctr_env.controllers.progress import ProgressMonitor
from ctr_env.geometry import moved, transform

DT = 1.0 / 30.0
X = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])


class Run:
    """A monitor that is told of an end effector which moves by given twists, with one joint that moves likewise."""

    def __init__(self) -> None:
        self.monitor = ProgressMonitor(rotation_length=0.3)
        self.pose, self.q, self.time_s, self.commanded = transform(), np.zeros(1), 0.0, np.zeros(1)

    def step(self, requested: np.ndarray, achieved: np.ndarray, goal=None, commanded: float | None = None) -> bool:
        state = ServoState(self.q, self.time_s)
        stalled = self.monitor.update(state, self.pose, goal, requested, self.commanded, DT)
        self.pose, self.time_s = moved(self.pose, achieved, DT), self.time_s + DT
        speed = float(np.linalg.norm(achieved))
        self.q = self.q + speed * DT
        self.commanded = np.array([speed if commanded is None else commanded])
        return stalled

    def steps(self, seconds: float, requested: np.ndarray, achieved: np.ndarray, **more) -> list[bool]:
        return [self.step(requested, achieved, **more) for _ in range(round(seconds / DT))]


def test_an_end_effector_that_follows_is_not_stalled():
    assert not any(Run().steps(5.0, 0.1 * X, 0.08 * X))


def test_one_that_does_not_follow_is_stalled_after_the_window():
    found = Run().steps(3.0, 0.1 * X, 0.0 * X)
    assert found.index(True) == pytest.approx(1.5 / DT, abs=2)
    assert all(found[found.index(True) :])


def test_alternating_motion_is_no_progress():
    run = Run()
    found = [run.step(0.1 * X, (-1.0) ** k * 0.3 * X) for k in range(90)]
    assert found[-1]


def test_rotations_count_by_their_weight():
    rotation = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    assert Run().steps(2.0, 0.1 * rotation, 0.0 * rotation)[-1]
    assert not any(Run().steps(2.0, 0.01 * rotation, 0.0 * rotation))  # 4.5 mm of 7.5 mm


def test_at_the_goal_nothing_is_requested_and_nothing_stalled():
    rng = np.random.default_rng(3)
    run = Run()
    for _ in range(300):
        noise = 0.02 * rng.standard_normal(6)
        assert not run.step(noise, noise)


def test_outliers_that_the_arm_cannot_follow_are_no_stall():
    """Requests of 0.5 m/s for single frames in random directions, of which acceleration limits let nothing through."""
    rng = np.random.default_rng(4)
    run = Run()
    for k in range(600):
        direction = rng.standard_normal(6) * [1, 1, 1, 0, 0, 0]
        speed = 0.5 if rng.random() < 0.05 else 0.02
        assert not run.step(speed * direction / np.linalg.norm(direction), 0.0 * X), k


def test_a_goal_that_is_followed_with_constant_lag_is_progress():
    run = Run()
    for _ in range(150):
        goal = transform(run.pose.translation + np.array([0.05, 0.0, 0.0]))
        assert not run.step(0.1 * X, 0.1 * X, goal=goal)


def test_motion_across_the_requested_direction_is_progress_while_the_error_falls():
    run = Run()
    goal = transform([0.0, 0.4, 0.0])
    across = np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0])
    assert not any(run.steps(3.0, 0.3 * X, across, goal=goal))


def test_a_stall_ends_when_the_end_effector_follows_again():
    run = Run()
    run.steps(3.0, 0.1 * X, 0.0 * X)
    found = run.steps(3.0, 0.1 * X, 0.1 * X)
    assert found[0] and not found[-1]


def test_a_stall_ends_when_nothing_is_requested_any_more():
    run = Run()
    run.steps(3.0, 0.1 * X, 0.0 * X)
    found = run.steps(3.0, 0.0 * X, 0.0 * X)
    assert found[0] and not found[-1]


def test_joints_that_do_not_move_as_commanded_are_blocked():
    free, blocked = Run(), Run()
    free.steps(3.0, 0.1 * X, 0.0 * X)
    blocked.steps(3.0, 0.1 * X, 0.0 * X, commanded=0.2)
    assert free.monitor.stalled and not free.monitor.blocked
    assert blocked.monitor.stalled and blocked.monitor.blocked


def test_a_stalled_arm_is_settled_until_the_requested_twist_changes():
    run = Run()
    run.steps(3.0, 0.1 * X, 0.0 * X)
    assert run.monitor.settled
    run.step(0.11 * X, 0.0 * X)
    assert run.monitor.settled
    run.step(-0.1 * X, 0.0 * X)
    assert not run.monitor.settled


def test_reset_forgets():
    run = Run()
    run.steps(3.0, 0.1 * X, 0.0 * X)
    run.monitor.reset()
    assert not run.step(0.1 * X, 0.0 * X)
