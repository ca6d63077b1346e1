"""The kinematic servo that accepts or rejects a task."""

import numpy as np
import pytest

from ctr_env.envs.reachability import ReachabilityCheck
from ctr_env.geometry import moved, pose_error, transform
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene


@pytest.fixture(scope="module")
def panda_scene():
    return Scene(SceneConfig("panda", 64, 48))


def test_a_near_goal_is_reached(panda_scene):
    k = panda_scene.kinematics
    goal = k.base_T_ee(k.home + 0.2)
    arrival = ReachabilityCheck(panda_scene).arrival(k.home, [goal])
    assert pose_error(k.base_T_ee(arrival), goal)[0] < 1e-3


def test_a_moving_goal_is_judged_at_its_first_pose_and_followed(panda_scene):
    k = panda_scene.kinematics
    goal = k.base_T_ee(k.home + 0.2)
    path = [moved(goal, [0.0, 0.02 * step, 0.0, 0.0, 0.0, 0.0]) for step in range(4)]
    arrival = ReachabilityCheck(panda_scene).arrival(k.home, path)
    assert pose_error(k.base_T_ee(arrival), goal)[0] < 1e-3


@pytest.mark.parametrize("offset", [(2.0, 0.0, 0.0), (0.0, 0.0, -0.9)])
def test_goals_out_of_reach_or_below_the_table_are_rejected(panda_scene, offset):
    k = panda_scene.kinematics
    pose = k.base_T_ee(k.home)
    goal = transform(pose.translation + np.array(offset), pose.rotation)
    assert ReachabilityCheck(panda_scene).arrival(k.home, [goal]) is None
