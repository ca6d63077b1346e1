import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.datasets.joint_limits import joint_hint, looks_like_degrees, require_joints, swapped_joints
from ctr_env.errors import DataError
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
LOWER, UPPER = PANDA.lower, PANDA.upper


def configurations(seed, count=20):
    return np.random.default_rng(seed).uniform(LOWER, UPPER, (count, 7))


@given(st.integers(0, 2**32 - 1))
def test_joint_angles_within_their_limits_are_accepted_without_a_hint(seed):
    rows = configurations(seed)
    for row in rows:
        np.testing.assert_array_equal(require_joints(PANDA, row), row)
    assert not looks_like_degrees(rows, LOWER, UPPER) and not swapped_joints(rows, LOWER, UPPER)
    assert joint_hint(rows, PANDA) == ""


@given(st.integers(0, 2**32 - 1))
def test_degrees_are_recognised(seed):
    rows = np.degrees(configurations(seed))
    assert looks_like_degrees(rows, LOWER, UPPER)
    assert "look like degrees" in joint_hint(rows, PANDA)


def test_the_error_of_one_configuration_says_that_it_looks_like_degrees():
    with pytest.raises(DataError, match="these look like degrees, and angles are expected in radians"):
        require_joints(PANDA, np.degrees(PANDA.home))
    with pytest.raises(
        DataError, match="panda_joint2 is at 2 rad, beyond its limits -1.763 to 1.763: not an angle of panda$"
    ):
        require_joints(PANDA, PANDA.home + 2.0 * (np.arange(7) == 1) - PANDA.home * (np.arange(7) == 1))
    with pytest.raises(DataError, match="not an angle"):
        require_joints(PANDA, np.full(7, np.nan))
    with pytest.raises(DataError, match=r"panda has 7 joint angles, not \(6,\)"):
        require_joints(PANDA, np.zeros(6))


def test_a_single_wrong_row_does_not_make_a_table_one_of_degrees():
    rows = configurations(0)
    rows[3] = np.degrees(rows[3])
    assert not looks_like_degrees(rows, LOWER, UPPER)


def test_large_angles_that_are_no_degrees_either_are_not_called_so():
    assert not looks_like_degrees(np.full((3, 7), 1e4), LOWER, UPPER)


def test_swapped_columns_are_found_where_they_exceed_the_limits():
    rows = configurations(1)
    rows[0, 2] = 2.5  # beyond the limits of joint 2
    swapped = rows[:, [0, 2, 1, 3, 4, 5, 6]]
    assert (1, 2) in swapped_joints(swapped, LOWER, UPPER)
    assert swapped_joints(swapped, LOWER, UPPER)[0] == (1, 2)
    assert joint_hint(swapped, PANDA).startswith("joints 2 and 3")


def test_columns_that_no_swap_brings_within_their_limits_are_not_called_swapped():
    rows = configurations(2)
    rows[0] += 4.0
    assert swapped_joints(rows, LOWER, UPPER) == []
    assert joint_hint(np.full((4, 7), np.nan), PANDA) == ""


def test_angles_of_a_related_robot_are_named():
    """Joint 6 of a Research 3 goes up to 4.52 rad, that of a Panda to 3.75 rad."""
    joints = np.array([0.0, -0.5, 0.0, -2.3, 0.0, 4.2, 0.785])
    with pytest.raises(ValueError, match=r"panda_joint6 is at 4.2 rad, .* not an angle of panda, but of robot fr3"):
        require_joints(RobotKinematics("panda"), joints)
    np.testing.assert_array_equal(require_joints(RobotKinematics("fr3"), joints), joints)
