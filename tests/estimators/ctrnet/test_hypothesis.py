import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.estimators.ctrnet.hypothesis import PoseHypothesis, quarter_turns
from ctr_env.geometry import look_at, transform


@given(st.integers(0, 3), st.floats(-0.7, 0.7), st.floats(-0.9, 0.9), st.floats(-3.1, 3.1))
def test_quarter_turns_undo_the_roll_of_a_camera(turns, roll, elevation, azimuth):
    """A camera rolled clockwise shows the robot counter-clockwise; turning the image clockwise brings it upright."""
    eye = 2.0 * np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    pose = look_at(eye, np.zeros(3), roll + 0.5 * np.pi * turns).inv()
    found = quarter_turns(pose)
    up = (transform(rotation=Rotation.from_rotvec([0.0, 0.0, 0.5 * np.pi * found])) * pose).rotation.apply([0, 0, 1.0])
    assert up[1] < 0.0 and abs(up[0]) <= abs(up[1]) * np.tan(0.25 * np.pi + 0.2)
    if abs(roll) < 0.6:
        assert found == turns


@pytest.mark.parametrize("down", [1.0, -1.0])
def test_seen_along_its_vertical_axis_a_robot_has_no_upright(down):
    pose = transform((0.0, 0.0, 2.0), Rotation.from_euler("x", 0.0 if down > 0 else np.pi))
    assert quarter_turns(pose) == 0


def test_a_pose_alone_is_located_and_has_no_detection():
    hypothesis = PoseHypothesis.from_pose(transform((0.0, 0.0, 1.0)))
    assert hypothesis.located and hypothesis.detection is None
    with pytest.raises(AssertionError, match="detector"):
        hypothesis.detected.mask.sum()
