"""Joint configurations that an arm can be moved to and that a camera sees."""

from itertools import combinations

import numpy as np
import pytest

from ctr_env.calibration.reachable import ReachableConfigurations
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

CAMERA = PinholeCamera.from_fov(1.1, 320, 240)


@pytest.mark.parametrize("robot", ["panda", "baxter", "baxter_right"])
def test_samples_are_free_of_contact_clear_of_the_camera_and_in_view(robot):
    kinematics = RobotKinematics(robot)
    middle = kinematics.keypoints(kinematics.home).mean(axis=0)
    azimuth = kinematics.robot.camera_azimuth
    eye = middle + 1.5 * np.array([np.cos(azimuth), np.sin(azimuth), 0.4])
    pose = look_at(eye, middle).inv()
    found = ReachableConfigurations(robot, CAMERA).sample(pose, 20, np.random.default_rng(0))
    assert len(found) == 20
    scene = Scene(SceneConfig(robot, CAMERA.width, CAMERA.height))
    scene.place_camera(CAMERA, scene.world_T_base * pose.inv())
    for joints in found:
        scene.place_arm(joints)
        assert not scene.touches() and scene.arm_in_view() >= 0.9
        assert np.linalg.norm(kinematics.keypoints(joints) - eye, axis=1).min() > 0.15
        assert np.all((joints > kinematics.lower) & (joints < kinematics.upper))


def test_a_camera_that_looks_away_sees_none():
    reachable = ReachableConfigurations("panda", CAMERA)
    assert reachable.sample(transform((0.0, 0.0, -2.0)), 5, np.random.default_rng(0)) == []


def test_a_path_is_not_free_where_the_arm_touches_something_on_the_way():
    reachable = ReachableConfigurations("panda", CAMERA)
    pose = look_at((1.9, 0.0, 0.6), (0.2, 0.0, 0.4)).inv()
    pool = reachable.sample(pose, 20, np.random.default_rng(0))
    pairs = list(combinations(pool, 2))
    free = [reachable.path_is_free(*pair) for pair in pairs]
    assert any(free) and not all(free)
    scene = Scene(SceneConfig("panda", CAMERA.width, CAMERA.height))
    for start, end in [pairs[free.index(True)], pairs[free.index(False)]]:
        touched = []
        for share in np.linspace(0.0, 1.0, 200):
            scene.place_arm(start + share * (end - start))
            touched.append(scene.touches())
        assert any(touched) is not reachable.path_is_free(start, end)
    assert reachable.path_is_free(pool[0], pool[0])
