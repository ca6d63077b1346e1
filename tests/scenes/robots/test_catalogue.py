import dataclasses

import numpy as np
import pytest

from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.catalogue import ROBOTS, get_robot
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

UR5 = RobotDescription(
    name="ur5",
    urdf="ur_description/urdf/ur5_robot.urdf",
    base_link="base_link",
    arm_joints=(
        *("shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint"),
        *("wrist_1_joint", "wrist_2_joint", "wrist_3_joint"),
    ),
    keypoint_frames=(
        "shoulder_link",
        "upper_arm_link",
        "forearm_link",
        "wrist_1_link",
        "wrist_2_link",
        "wrist_3_link",
    ),
    end_effector="ee_link",
    home=(0.0, -1.2, 1.6, -1.9, -1.57, 0.0),
    acceleration_limits=(8.0,) * 6,
    base_height=0.75,
    table=(0.35, 0.0, 0.6, 0.6),
)


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
    assert get_robot(UR5) is UR5
    with pytest.raises(ValueError, match=r"'pandas'; valid names: baxter, baxter_right, panda"):
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
