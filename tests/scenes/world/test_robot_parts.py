import numpy as np
import pytest

from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.robot_parts import arm_meshes
from ctr_env.scenes.world.scene import Scene


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_the_meshes_of_the_arm_are_those_that_its_first_joint_moves(robot):
    scene = Scene(SceneConfig(robot, 64, 48))
    before = scene.data.geom_xpos.copy(), scene.data.geom_xmat.copy()
    scene.pose_arm(scene.joint_positions + np.eye(scene.kinematics.n)[0])
    moved = (scene.data.geom_xpos != before[0]).any(axis=1) | (scene.data.geom_xmat != before[1]).any(axis=1)
    meshes = scene.robot_geoms & (scene.model.geom_dataid >= 0)
    assert arm_meshes(scene.model, scene.robot) == np.flatnonzero(moved & meshes).tolist()
