"""Points fixed to the gripper whose images are servoed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["POINTS", "gripper_points"]

POINTS = ("square", "board", "links")
"""Names of the sets of points; see :func:`gripper_points`."""
_DISTINCT_M = 1e-3
_SPREAD_M = 5e-3
"""Least extent of the points across the line that fits them best."""


def gripper_points(kinematics: RobotKinematics, points: str, square_side: float) -> NDArray[np.float64]:
    """``(P, 3)`` points in the end-effector frame, metres.

    - ``"square"``: corners of a square around the end effector's origin in its x-y plane.
    - ``"board"``: corners of the calibration board's pattern, where the robot's description has it in the gripper.
    - ``"links"``: origins of the links that do not move against the end effector.

    Args:
        kinematics: The arm.
        points: One of :data:`POINTS`.
        square_side: Side of the square, metres.

    Raises:
        ConfigurationError: If the name is unknown, or the points lie on a line, so that their image does not
            determine the gripper's pose.
    """
    require_choice("points", points, POINTS)
    make = {"square": lambda: _square(square_side, square_side), "board": lambda: _board(kinematics)}
    found = make[points]() if points in make else _links(kinematics)
    if len(found) < 3 or np.linalg.svd(found - found.mean(axis=0), compute_uv=False)[1] < _SPREAD_M:
        raise ConfigurationError(
            f"points={points!r}: robot {kinematics.robot.name!r} has no three such points off a line; "
            f"valid names: {', '.join(name for name in POINTS if name != points)}"
        )
    return found


def _square(width: float, height: float) -> NDArray[np.float64]:
    return 0.5 * np.array([(-width, -height, 0.0), (width, -height, 0.0), (width, height, 0.0), (-width, height, 0.0)])


def _board(kinematics: RobotKinematics) -> NDArray[np.float64]:
    from ctr_env.scenes.world.fiducials import board_transform, robot_board  # imports OpenCV

    board = robot_board(kinematics.robot)
    corners = _square(board.columns * board.square_m, board.rows * board.square_m)
    return np.asarray(board_transform(kinematics.robot).apply(corners))


def _links(kinematics: RobotKinematics) -> NDArray[np.float64]:
    """Distinct origins of the links that are welded to the end effector."""
    model = kinematics.model
    weld = model.body_weldid[model.body(kinematics.robot.end_effector).id]
    names = [model.body(i).name for i in range(1, model.nbody) if model.body_weldid[i] == weld]
    _, origins = kinematics.link_poses(kinematics.home, names)
    found: list[NDArray[np.float64]] = []
    for origin in kinematics.base_T_ee(kinematics.home).inv().apply(origins):
        if all(np.linalg.norm(origin - other) > _DISTINCT_M for other in found):
            found.append(origin)
    return np.array(found)
