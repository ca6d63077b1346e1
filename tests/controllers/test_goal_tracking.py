"""Gripper and goal at one instant, by each rule of latency and endpoint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctr_env.controllers import ServoControllerConfig, ServoGoal, ServoState
from ctr_env.controllers.goal_memory import GoalMemory
from ctr_env.controllers.goal_tracking import GoalTracking
from ctr_env.geometry import PinholeCamera, moved, pose_error, transform

DT = 0.1
GOAL, GOAL_TWIST = transform((0.5, 0.1, 0.4)), np.array([0.1, 0.0, 0.0, 0.0, 0.0, 0.2])


def tracked(panda, image_s=0.2, period=DT, **config):
    """The context of a moving goal, seen at ``image_s``, for an arm that has moved from 0 to 0.4 s."""
    settings = ServoControllerConfig(**config)
    goals = GoalTracking(panda, settings, DT, GoalMemory(settings.max_age_s, settings.coast_s))
    velocity = np.full(panda.n, 0.1)
    for k in range(5):
        state = ServoState(panda.home + k * DT * velocity, k * DT)
        goals.record(state, velocity)
    goal = ServoGoal(
        moved(GOAL, GOAL_TWIST, image_s),
        image_s,
        GOAL_TWIST,
        gripper_offset=np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0]),
        camera_T_base=transform((0.0, 0.0, 1.5)),
        camera=PinholeCamera.from_fov(1.0, 320, 240),
    )
    choice = goals.choose(goal, state.time_s)
    return goal, goals.context(choice.goal, state, period, choice.mode == "servo")


@pytest.mark.parametrize(("latency", "instant"), [("encoders", 0.4), ("predicted", 0.4), ("none", 0.2)])
def test_goal_and_gripper_are_of_one_instant(panda, latency, instant):
    _, context = tracked(panda, latency=latency)
    gripper = panda.base_T_ee(panda.home + 0.1 * instant)
    assert max(pose_error(context.base_T_ee, gripper)) < 1e-7
    assert max(pose_error(context.base_T_goal, moved(GOAL, GOAL_TWIST, instant))) < 1e-7


def test_an_open_endpoint_ignores_where_the_gripper_is_observed(panda):
    assert tracked(panda)[1].gripper_offset is None


def test_a_closed_endpoint_shifts_the_goal_and_tells_the_law_by_how_much(panda):
    """Undone by the law, goal and gripper are where the image shows them."""
    goal, context = tracked(panda, endpoint="closed", feed_forward="off")
    assert max(pose_error(moved(context.base_T_goal, context.gripper_offset), goal.base_T_goal)) < 1e-7
    camera_T_ee, camera_T_goal = context.camera_poses()
    assert max(pose_error(camera_T_goal, goal.camera_T_base * goal.base_T_goal)) < 1e-7
    seen = goal.camera_T_base * moved(context.base_T_ee, goal.gripper_offset)
    assert max(pose_error(camera_T_ee, seen)) < 1e-7


def test_a_slow_loop_bounds_the_gain(panda):
    assert tracked(panda)[1].max_gain == math.inf
    assert tracked(panda, period=0.25)[1].max_gain == 4.0


def test_the_estimate_is_passed_on(panda):
    goal, context = tracked(panda)
    assert context.camera is goal.camera
    assert context.camera_T_base is goal.camera_T_base
