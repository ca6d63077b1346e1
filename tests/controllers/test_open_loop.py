"""Open loop: only the first valid goals count."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import OpenLoopConfig, OpenLoopController, ServoGoal, ServoState
from ctr_env.controllers.open_loop import FirstGoals
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import moved, pose_error, transform

DT = 1.0 / 30.0


def goal(x: float, time_s: float) -> ServoGoal:
    return ServoGoal(transform((x, 0.0, 0.0)), time_s)


def test_the_mean_of_the_first_goals_is_kept_whatever_comes_later():
    memory = FirstGoals(3, 0.5)
    choices = [memory.choose(g, k * DT) for k, g in enumerate([goal(0.0, 0.0), None, goal(0.3, DT), goal(0.3, DT)])]
    assert [choice.reason for choice in choices] == ["collecting_goals", "no_goal"] + 2 * ["collecting_goals"]
    kept = memory.choose(goal(0.6, 4 * DT), 4 * DT)
    assert kept.mode == "servo"
    for later in (None, goal(9.0, 5.0)):
        choice = memory.choose(later, 5.0)
        assert choice.goal.base_T_goal.translation == pytest.approx((0.3, 0.0, 0.0))
        assert choice.goal.time_s == 5.0


def test_a_stale_goal_does_not_count():
    memory = FirstGoals(1, 0.5)
    assert memory.choose(goal(0.0, 0.0), 0.6).reason == "stale_goal"
    assert memory.choose(goal(0.0, 0.6), 0.6).mode == "servo"


@pytest.mark.parametrize("latency", ["encoders", "predicted", "none"])
def test_the_arm_reaches_the_first_goal_without_another(panda, latency):
    controller = OpenLoopController(panda, {"latency": latency}, DT)
    q, v, target = panda.home.copy(), np.zeros(7), moved(panda.base_T_ee(panda.home), [0.08, 0.05, -0.05, 0.2, 0, 0.1])
    for k in range(240):
        given = ServoGoal(target, 0.0) if k == 0 else None
        v = controller.command(given, ServoState(q, k * DT)).joint_velocities
        q = q + v * DT
    assert pose_error(panda.base_T_ee(q), target)[0] < 1e-4
    controller.reset()
    assert controller.command(None, ServoState(q, 0.0)).mode == "hold"


def test_at_least_one_estimate_is_needed():
    with pytest.raises(ConfigurationError, match=r"OpenLoopConfig\.estimates must be a number in \[1, "):
        OpenLoopConfig(estimates=0)
