import dataclasses

import numpy as np
import pytest

from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.catalogue import ROBOTS, get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

UR5 = ROBOTS["ur5"]


def test_another_arm_is_one_description():
    scene = Scene(SceneConfig(UR5, 160, 120))
    assert scene.kinematics.n == 6
    scene.step(np.full(6, 0.1), 250)
    np.testing.assert_allclose(scene.joint_velocities, 0.1, atol=0.01)
    renderer = make_renderer("classic", scene.model, scene.camera_id, 160, 120)
    assert scene.robot_mask(renderer.segmentation(scene.data)).mean() > 0.01
    renderer.close()


def test_an_arm_that_turns_just_above_its_table_does_not_pass_through_it():
    """Its shoulder is always nearer to the table than others may come, which is no reason to let the arm through."""
    scene = Scene(SceneConfig(UR5, 64, 48))
    for pan in np.linspace(-3.0, 3.0, 7):
        scene.place_arm(np.array([pan, *UR5.home[1:]]))
        assert not scene.touches()
        for lift in (0.3, 0.6, 1.0):  # from lying on the table to hanging below it
            scene.place_arm(np.array([pan, lift, 0.0, -1.9, -1.57, 0.0]))
            assert scene.touches()


def test_names_and_descriptions_are_both_taken():
    assert get_robot("panda") is ROBOTS["panda"]
    described = dataclasses.replace(UR5, name="mine")
    assert get_robot(described) is described
    with pytest.raises(ValueError, match=r"'pandas'; valid names: baxter, baxter_right, fr3, panda, ur5"):
        get_robot("pandas")


@pytest.mark.parametrize(
    "change, named",
    [
        ({"end_effector": "tool"}, "tool"),
        ({"arm_joints": ("j",) * 7}, "'j'"),
        ({"keypoint_frames": ("panda_link9",)}, "panda_link9"),
    ],
)
def test_names_that_the_urdf_lacks_are_rejected_with_the_valid_ones(change, named):
    with pytest.raises(ValueError, match=named) as error:
        RobotKinematics(dataclasses.replace(ROBOTS["panda"], **change))
    assert "panda_" in str(error.value)


def test_vectors_of_the_wrong_length_are_rejected():
    with pytest.raises(ValueError, match="home has 3 numbers"):
        dataclasses.replace(ROBOTS["panda"], home=(0.0, 0.0, 0.0))


def test_a_research_3_is_a_panda_with_names_and_limits_of_its_own():
    panda, fr3 = RobotKinematics("panda"), RobotKinematics("fr3")
    assert fr3.robot.arm_joints == tuple(f"fr3_joint{i}" for i in range(1, 8))
    joints = np.random.default_rng(0).uniform(-1.0, 1.0, 7)
    np.testing.assert_array_equal(fr3.keypoints(joints), panda.keypoints(joints))
    np.testing.assert_array_equal(fr3.ee_matrix(joints), panda.ee_matrix(joints))
    assert fr3.upper[5] == 4.5169
    assert fr3.robot.published_link(fr3.robot.base_link) == "fr3_link0"
    assert fr3.velocity_limits[4] == 5.26
    scene = Scene(SceneConfig("fr3", 64, 48))
    scene.place_arm(np.array([0.0, -0.5, 0.0, -2.3, 0.0, 4.4, 0.785]))  # beyond the Panda's joint 6
    np.testing.assert_allclose(scene.joint_positions[5], 4.4)


def test_new_names_and_limits_are_those_of_joints_in_the_urdf():
    renamed = dataclasses.replace(ROBOTS["panda"], joint_names={"panda_joint9": "a"})
    with pytest.raises(ValueError, match=r"has no joint 'panda_joint9'; valid names: .*panda_joint1"):
        RobotKinematics(renamed)
    limited = dataclasses.replace(ROBOTS["panda"], limits={"elbow": (-1.0, 1.0, 1.0, 1.0)})
    with pytest.raises(ValueError, match="has no joint 'elbow'"):
        RobotKinematics(limited)
    with pytest.raises(
        ValueError, match=r"limits of 'panda_joint1' must be lower < upper .*, not \(1.0, 0.0, 1.0, 1.0\)"
    ):
        dataclasses.replace(ROBOTS["panda"], limits={"panda_joint1": (1.0, 0.0, 1.0, 1.0)})
