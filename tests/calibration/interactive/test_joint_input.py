import numpy as np
import pytest

from ctr_env.calibration.interactive.joint_input import JointInput
from ctr_env.datasets.joint_log import JointLog, JointReading
from ctr_env.errors import DataError, MissingFileError, UsageError
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.mark.parametrize(
    "text", ["0.1, -0.5, 0, -2.3, 0, 1.8, 0.7", "[0.1 -0.5 0.0 -2.3 0.0 1.8 0.7]", "0.1;-0.5;0;-2.3;0;1.8;7e-1"]
)
def test_typed_angles_are_read_in_the_forms_that_programs_print(text):
    joints = JointInput(PANDA)
    assert joints.read() is None
    joints.type(text)
    np.testing.assert_allclose(joints.read().positions, [0.1, -0.5, 0.0, -2.3, 0.0, 1.8, 0.7])


@pytest.mark.parametrize(
    "text, message",
    [
        ("0, -28, 0, -131, 0, 103, 45", "look like degrees"),
        ("0, -0.5, 0", "panda has 7 joint angles"),
        ("a, b", r"numbers in radians \(panda_joint1, .*, not 'a, b'"),
        ("", "7 joint angles"),
    ],
)
def test_angles_that_are_none_of_the_robot_are_turned_down(text, message):
    joints = JointInput(PANDA)
    with pytest.raises(DataError, match=message):
        joints.type(text)
    assert joints.read() is None


def test_a_log_is_not_overridden(tmp_path):
    joints = JointInput(PANDA, JointLog(tmp_path / "q.csv", PANDA))
    with pytest.raises(UsageError, match=r"come from .*q.csv"):
        joints.type("0, -0.5, 0, -2.3, 0, 1.8, 0.7")
    with pytest.raises(MissingFileError):
        joints.read()


def test_a_robot_that_moves_is_named():
    joints = JointInput(PANDA)
    before, after = JointReading(PANDA.home, 0.0), JointReading(PANDA.home + np.eye(7)[3] * 0.01, 0.0)
    joints.require_rest(before, before)
    with pytest.raises(UsageError, match=r"panda_joint4 changed by 0.010 rad"):
        joints.require_rest(before, after)
