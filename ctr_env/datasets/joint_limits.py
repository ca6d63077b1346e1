"""Whether joint angles can be those of a robot, and what is wrong with them if not."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import DataError
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["joint_hint", "looks_like_degrees", "require_joints", "swapped_joints"]

_TOLERANCE = 0.1  # rad: how far beyond its limit a joint may be measured
_BEYOND = 0.02  # rad: what encoders and rounded limits do not explain in many frames


def require_joints(kinematics: RobotKinematics, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ``(n,)`` joint positions (rad), if the robot can take them.

    Raises:
        DataError: If there are not n, or one is not finite or lies beyond its limits by more than 0.1 rad; the message
            says so if they look like degrees, or are those of a related robot.
    """
    positions = np.asarray(positions, dtype=float)
    if positions.shape != (kinematics.n,):
        raise DataError(f"{kinematics.robot.name} has {kinematics.n} joint angles, not {positions.shape}")
    joints = zip(kinematics.robot.arm_joints, positions, kinematics.lower, kinematics.upper, strict=True)
    for name, position, lower, upper in joints:
        if not lower - _TOLERANCE <= position <= upper + _TOLERANCE:
            hint = "; angles are expected in radians" if abs(position) > 2.0 * np.pi else ""
            if looks_like_degrees(positions, kinematics.lower, kinematics.upper):
                hint = "; these look like degrees, and angles are expected in radians"
            relatives = _relatives(kinematics.robot, positions)
            if relatives:
                hint = f", but of robot {', '.join(relatives)}"
            raise DataError(
                f"{name} is at {position:.4g} rad, beyond its limits {lower:.4g} to {upper:.4g}: not an angle of "
                f"{kinematics.robot.name}{hint}"
            )
    return positions


def _relatives(robot: RobotDescription, positions: NDArray[np.float64]) -> list[str]:
    """Packaged robots with the same network whose limits allow the positions."""
    names = [other.name for other in ROBOTS.values() if other.network_robot == robot.network_robot and other != robot]
    limits = [(name, RobotKinematics(name)) for name in names]
    return [name for name, k in limits if _excess(positions, k.lower, k.upper).max() <= _TOLERANCE]


def looks_like_degrees(positions: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> bool:
    """Whether most rows of joint positions are impossible in radians, and all of them are possible in degrees.

    Args:
        positions: ``(n,)`` or ``(N, n)`` joint positions.
        lower: ``(n,)`` lower limits, rad.
        upper: ``(n,)`` upper limits, rad.
    """
    rows = np.atleast_2d(np.asarray(positions, dtype=float))
    if not np.isfinite(rows).all() or np.abs(rows).max(initial=0.0) <= 2.0 * np.pi:
        return False
    impossible = _excess(rows, lower, upper).max(axis=1) > _TOLERANCE
    return bool(impossible.mean() > 0.5 and _excess(np.radians(rows), lower, upper).max() <= _TOLERANCE)


def swapped_joints(positions: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> list[tuple[int, int]]:
    """Pairs of joints, counted from 0, whose columns seem to be swapped, neighbours first.

    Of such a pair, one column exceeds its joint's limits in some frame, and both columns fit the other's limits in
    all frames, so that the swap leaves no joint beyond its limits. Within the limits no swap can be seen.

    Args:
        positions: ``(N, n)`` joint positions, rad; the more frames, the fewer pairs.
        lower: ``(n,)`` lower limits, rad.
        upper: ``(n,)`` upper limits, rad.
    """
    positions = np.atleast_2d(np.asarray(positions, dtype=float))
    if not _excess(positions, lower, upper).max() > _BEYOND:
        return []
    found = []
    for i, j in combinations(range(positions.shape[1]), 2):
        swapped = positions.copy()
        swapped[:, [i, j]] = swapped[:, [j, i]]
        if _excess(swapped, lower, upper).max() <= 0.0:
            found.append((i, j))
    return sorted(found, key=lambda pair: pair[1] - pair[0])


def joint_hint(positions: ArrayLike, kinematics: RobotKinematics) -> str:
    """A sentence on what is wrong with the joint angles of many frames; empty if their limits show nothing.

    Args:
        positions: ``(N, n)`` joint positions of the frames; those with NaN are left out.
        kinematics: The robot.
    """
    frames = np.atleast_2d(np.asarray(positions, dtype=float))
    frames = frames[np.isfinite(frames).all(axis=1)]
    lower, upper = kinematics.lower, kinematics.upper
    if not len(frames):
        return ""
    if looks_like_degrees(frames, lower, upper):
        return "the joint angles look like degrees; they are expected in radians"
    pairs = [f"{i + 1} and {j + 1}" for i, j in swapped_joints(frames, lower, upper)]
    if not pairs:
        return ""
    return f"joints {', or '.join(pairs)} seem swapped: as given, they exceed the joint limits"


def _excess(positions: NDArray[np.float64], lower: ArrayLike, upper: ArrayLike) -> NDArray[np.float64]:
    """How far positions lie beyond their limits, rad; not positive within them."""
    return np.asarray(np.maximum(np.asarray(lower) - positions, positions - np.asarray(upper)))
