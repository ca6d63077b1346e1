"""Fingers open, close and tell what they touch."""

import pickle

import numpy as np
import pytest

from ctr_env.scenes.world.block import BLOCK
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

WIDEST_M = 0.08


@pytest.fixture(scope="module")
def scene():
    return Scene(SceneConfig("panda", 32, 24, block=True))


def test_fingers_hold_the_opening_they_are_placed_at(scene):
    scene.restore()
    for opening in (WIDEST_M, 0.03):
        scene.gripper.place(opening)
        assert scene.gripper.opening == pytest.approx(opening)
        scene.step(np.zeros(7), 250)
        assert scene.gripper.opening == pytest.approx(opening, abs=1e-3)


def test_fingers_seek_the_opening_they_are_commanded(scene):
    scene.restore()
    scene.gripper.place(WIDEST_M)
    scene.gripper.command(0.02)
    assert scene.gripper.opening == pytest.approx(WIDEST_M)
    scene.step(np.zeros(7), 500)
    assert scene.gripper.opening == pytest.approx(0.02, abs=1e-3)


def test_a_geom_is_touched_when_every_finger_touches_it(scene):
    scene.restore()
    block = scene.model.geom(BLOCK).id
    scene.gripper.place(WIDEST_M)
    scene.place_block(scene.base_T_ee)
    assert not scene.gripper.touches(block)
    scene.gripper.place(0.02)
    assert scene.gripper.touches(block) and scene.grasped
    assert not scene.gripper.touches(scene.model.geom("floor").id)


def test_a_copy_of_a_scene_has_a_gripper_of_its_own(scene):
    scene.restore()
    scene.gripper.place(0.06)
    copy = pickle.loads(pickle.dumps(scene))
    copy.gripper.place(0.01)
    assert (copy.gripper.opening, scene.gripper.opening) == pytest.approx((0.01, 0.06))
    assert copy.data.joint("panda_finger_joint1").qpos[0] == pytest.approx(0.005)


def test_a_robot_without_fingers_has_none_to_open():
    scene = Scene(SceneConfig("ur5", 32, 24))
    scene.gripper.command(0.05)
    assert scene.gripper.opening == 0.0
