"""Points on the gripper."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers.gripper_points import POINTS, gripper_points
from ctr_env.errors import ConfigurationError
from ctr_env.scenes.world.fiducials import board_transform, robot_board


def test_a_square_has_its_side(kinematics):
    points = gripper_points(kinematics, "square", 0.08)
    np.testing.assert_allclose(np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1), 0.08)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-15)


def test_the_board_s_corners_lie_in_its_plane(kinematics):
    board = robot_board(kinematics.robot)
    points = board_transform(kinematics.robot).inv().apply(gripper_points(kinematics, "board", 0.1))
    np.testing.assert_allclose(points[:, 2], 0.0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(points[:, 0]), board.columns * board.square_m)


def test_link_origins_move_with_the_gripper(panda):
    """They keep their places in the end-effector frame in another joint configuration."""
    points = gripper_points(panda, "links", 0.1)
    assert len(points) >= 3
    assert np.ptp(points, axis=0).max() < 0.5


def test_unknown_names_are_listed(panda):
    with pytest.raises(ConfigurationError, match=", ".join(POINTS)):
        gripper_points(panda, "corners", 0.1)
