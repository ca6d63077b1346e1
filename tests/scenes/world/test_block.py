"""A block under contact: it lies still, a grasp holds it, and nothing penetrates."""

import mujoco
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.geometry import transform
from ctr_env.scenes.world.block import BLOCK, BLOCK_HALF_M
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

DOWN = Rotation.from_euler("x", np.pi)
MOST_M = 1e-3  # penetration


@pytest.fixture(scope="module")
def scene():
    return Scene(SceneConfig("panda", block=True))


def deepest(scene):
    """Largest penetration of the block, metres."""
    contacts = scene.data.contact
    mine = (contacts.geom == scene.model.geom(BLOCK).id).any(axis=1)
    return float(-contacts.dist[mine].min(initial=0.0))


def grasp(scene):
    """A block in the closed gripper at home, in the air; the largest penetration meanwhile."""
    scene.restore()
    scene.gripper.place(0.08)
    scene.place_block(scene.base_T_ee)
    worst, opening = 0.0, 0.08
    for _ in range(40):
        opening = max(opening - 2 * 0.05 / 30, 0.0)
        scene.gripper.command(opening)
        scene.place_block(scene.base_T_ee) if not scene.grasped else None
        for _ in range(17):
            scene.step(np.zeros(7), 1)
            worst = max(worst, deepest(scene))
    return worst


def test_a_block_on_the_table_lies_still(scene):
    scene.restore()
    scene.place_block(transform([0.45, 0.1, BLOCK_HALF_M], Rotation.from_euler("z", 0.3)))
    before = scene.base_T_block
    for _ in range(10):
        scene.step(np.zeros(7), 250)
        assert deepest(scene) < MOST_M
    np.testing.assert_allclose(scene.base_T_block, before, atol=1e-4)


def test_a_grasp_holds_without_slip(scene):
    assert grasp(scene) < MOST_M
    assert scene.grasped and scene.gripper.opening == pytest.approx(2 * BLOCK_HALF_M, abs=1e-3)
    held = np.linalg.inv(scene.base_T_ee_matrix) @ scene.base_T_block
    for _ in range(10):
        scene.step(np.zeros(7), 250)
        assert deepest(scene) < MOST_M
    np.testing.assert_allclose(np.linalg.inv(scene.base_T_ee_matrix) @ scene.base_T_block, held, atol=1e-4)


def test_a_moving_grasp_holds(scene):
    grasp(scene)
    held = np.linalg.inv(scene.base_T_ee_matrix) @ scene.base_T_block
    for i in range(60):
        scene.step(0.6 * np.sin(0.2 * i) * np.array([1.0, 0.5, 1.0, -0.5, 1.0, 0.5, 1.0]), 17)
    assert scene.grasped
    np.testing.assert_allclose(np.linalg.inv(scene.base_T_ee_matrix) @ scene.base_T_block, held, atol=5e-3)


def test_an_opened_gripper_drops_it(scene):
    grasp(scene)
    height = scene.base_T_block[2, 3]
    scene.gripper.command(0.08)
    scene.step(np.zeros(7), 200)
    assert scene.base_T_block[2, 3] < height - 0.1 and not scene.grasped


def test_the_block_is_no_contact_of_the_robot(scene):
    scene.restore()
    scene.place_block(transform([0.45, 0.1, BLOCK_HALF_M], DOWN))
    scene.step(np.zeros(7), 5)
    assert scene.data.ncon > 0 and not scene.touches()


def test_the_fingers_reach_a_block_on_the_table(scene):
    """Robot shapes have a clearance that is detected, but without forces."""
    scene.restore()
    shapes = scene.model.geom_margin[scene.model.geom_group == 3]
    assert not shapes.any()
    assert Scene(SceneConfig("panda")).model.opt.cone == mujoco.mjtCone.mjCONE_PYRAMIDAL  # other scenes are as ever


@pytest.mark.parametrize("friction", [0.4, 0.8])
def test_a_block_slides_as_far_as_its_friction_lets_it(friction):
    scene = Scene(SceneConfig("panda", block=True, block_friction=friction))
    scene.place_block(transform([0.45, 0.1, BLOCK_HALF_M], DOWN))
    scene.data.joint(BLOCK).qvel[:] = (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    before = scene.base_T_block
    scene.step(np.zeros(7), 250)
    moved = scene.base_T_block - before
    assert moved[0, 3] == pytest.approx(0.5**2 / (2 * friction * 9.81), rel=0.05)  # m: v^2 / (2 mu g)
    np.testing.assert_allclose(moved[1:, 3], 0.0, atol=1e-3)
    assert np.abs(scene.data.joint(BLOCK).qvel).max() < 1e-3
