import numpy as np
import pytest

from ctr_env.datasets.dream_labels import base_pose, joint_positions, keypoints, robot_object
from ctr_env.datasets.dream_writer import keypoint_names, pose_to_unreal
from ctr_env.errors import DataError
from ctr_env.geometry import pose_error
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture
def truth(make_frames):
    (frame,) = make_frames("panda", 1)
    return frame


def labelled(points, names=None, pixels=None):
    """An object with keypoints as the files have them."""
    names = keypoint_names(PANDA.robot) if names is None else names
    pixels = np.zeros((len(points), 2)) if pixels is None else pixels
    entries = zip(names, np.asarray(points).tolist(), np.asarray(pixels).tolist(), strict=True)
    return {"keypoints": [{"name": n, "location": p, "projected_location": uv} for n, p, uv in entries]}


def found_pose(item, truth, joints=None, metres=1.0):
    points, _ = keypoints(item, PANDA.robot)
    base = PANDA.keypoints(truth.joint_positions if joints is None else joints)
    return base_pose({}, item, metres * points, base, metres)


def test_keypoints_are_found_by_short_names_or_by_links(truth):
    short = keypoints(labelled(truth.keypoints, pixels=truth.keypoints_px), PANDA.robot)
    links = keypoints(labelled(truth.keypoints, PANDA.robot.keypoint_frames, truth.keypoints_px), PANDA.robot)
    for points, pixels in (short, links):
        np.testing.assert_array_equal(points, truth.keypoints)
        np.testing.assert_array_equal(pixels, truth.keypoints_px)
    _, pixels = keypoints(labelled(truth.keypoints, pixels=np.full((7, 2), -999.99)), PANDA.robot)
    assert np.isnan(pixels).all()


def test_the_pose_is_that_of_the_keypoints(truth):
    assert max(pose_error(found_pose(labelled(truth.keypoints), truth), truth.camera_T_base)) < 1e-7
    assert max(pose_error(found_pose(labelled(100 * truth.keypoints), truth, metres=0.01), truth.camera_T_base)) < 1e-7


@pytest.mark.parametrize(("kept", "known"), [([], False), ([0, 1], False), ([0, 3, 6], True)])
def test_three_keypoints_are_needed_for_a_pose(truth, kept, known):
    names = keypoint_names(PANDA.robot)
    item = labelled(truth.keypoints[kept], [names[i] for i in kept])
    assert (found_pose(item, truth) is not None) == known


def test_keypoints_on_a_line_leave_the_rotation_about_it_free():
    """The shoulder, elbow and wrist of Baxter's stretched arm lie nearly on one line."""
    base = np.outer(np.arange(7), [0.1, 0.0, 0.0])
    assert base_pose({}, {}, base + np.array([0.0, 0.0, 1.0]), base, 1.0) is None
    base[3, 1] = 0.05
    assert base_pose({}, {}, base + np.array([0.0, 0.0, 1.0]), base, 1.0) is not None


def test_the_pose_of_ndds_replaces_missing_keypoints(truth):
    """It is transposed, in centimetres and in Unreal's axes."""
    item = {"pose_transform": pose_to_unreal(truth.camera_T_base).tolist()}
    assert max(pose_error(found_pose(item, truth), truth.camera_T_base)) < 1e-7
    with pytest.raises(DataError, match="does not hold a rotation in Unreal's axes"):
        found_pose({"pose_transform": np.eye(4).tolist()}, truth)


def test_keypoints_of_another_configuration_are_rejected(truth):
    """Encoders and robots deviate by a hundredth of a radian, not by a half."""
    found_pose(labelled(truth.keypoints), truth, truth.joint_positions + 0.01)
    with pytest.raises(DataError, match=r"the keypoints lie \d+ mm \(RMS\) from where the joint positions have them"):
        found_pose(labelled(truth.keypoints), truth, truth.joint_positions - 0.5 * (np.arange(7) == 1))


def test_the_robot_is_the_object_with_its_keypoints_or_its_name():
    robot = labelled(np.zeros((7, 3)))
    cup = {"class": "cup", "keypoints": [{"name": "rim", "location": [0, 0, 1], "projected_location": [0, 0]}]}
    assert robot_object({"objects": [cup, robot]}, PANDA.robot) is robot
    named = {"class": "Panda_Arm", "keypoints": None}
    assert robot_object({"objects": [cup, named, cup]}, PANDA.robot) is named
    assert robot_object({"objects": [cup, cup]}, PANDA.robot) == {}
    assert robot_object({"objects": []}, PANDA.robot) == {}
    assert robot_object({"objects": [cup]}, PANDA.robot) is cup  # a single object is the robot


def joints(values, prefix=""):
    entries = zip(PANDA.robot.arm_joints, values, strict=True)
    return {
        "sim_state": {"joints": [{"name": prefix + name, "position": float(q)} for name, q in reversed(list(entries))]}
    }


def test_joint_positions_are_found_by_name(truth):
    for prefix in ("", "franka/"):
        found = joint_positions(joints(truth.joint_positions, prefix), PANDA)
        np.testing.assert_array_equal(found, truth.joint_positions)
    data = joints(truth.joint_positions)
    data["sim_state"]["joints"].pop(0)
    with pytest.raises(DataError, match="no position of panda_joint7 in sim_state.joints .found: panda_joint6, "):
        joint_positions(data, PANDA)
    with pytest.raises(DataError, match="these look like degrees"):
        joint_positions(joints(np.degrees(truth.joint_positions)), PANDA)
