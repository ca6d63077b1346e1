"""Servo, coast, hold: which goal is acted on, and why not the newest."""

from __future__ import annotations

from ctr_env.controllers import ServoGoal
from ctr_env.controllers.goal_memory import GoalMemory
from ctr_env.geometry import transform


def goal(time_s: float) -> ServoGoal:
    return ServoGoal(transform(), time_s)


def test_a_fresh_goal_is_servoed_on():
    newest = goal(0.0)
    assert GoalMemory(0.5, 0.0).choose(newest, 0.5) == (newest, "servo", "")


def test_without_any_goal_it_holds():
    assert GoalMemory(0.5, 0.5).choose(None, 0.0) == (None, "hold", "no_goal")


def test_an_old_goal_is_stale():
    assert GoalMemory(0.5, 0.5).choose(goal(0.0), 0.51) == (None, "hold", "stale_goal")


def test_it_coasts_on_the_last_good_goal_and_then_holds():
    memory, good = GoalMemory(0.5, 0.3), goal(0.9)
    memory.choose(good, 1.0)
    assert memory.choose(None, 1.1) == (good, "coast", "no_goal")
    assert memory.choose(goal(0.2), 1.3) == (good, "coast", "stale_goal")
    assert memory.choose(None, 1.31) == (None, "hold", "no_goal")
    assert memory.choose(None, 1.2) == (None, "hold", "no_goal"), "a goal once dropped must not come back"


def test_coasting_begins_when_a_repeated_goal_turns_stale():
    memory, only = GoalMemory(0.5, 0.3), goal(0.0)
    assert memory.choose(only, 0.5).mode == "servo"
    assert memory.choose(only, 0.6) == (only, "coast", "stale_goal")
    assert memory.choose(only, 0.9) == (None, "hold", "stale_goal")


def test_a_new_goal_ends_the_hold():
    memory = GoalMemory(0.5, 0.0)
    memory.choose(None, 0.0)
    newest = goal(1.0)
    assert memory.choose(newest, 1.0) == (newest, "servo", "")


def test_reset_forgets_the_goal():
    memory = GoalMemory(0.5, 1.0)
    memory.choose(goal(0.0), 0.0)
    memory.reset()
    assert memory.choose(None, 0.1).mode == "hold"
