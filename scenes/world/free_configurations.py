"""Random joint configurations of an arm, within its limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["chain_clearance", "draw_configuration", "joint_range"]

_JOINT_MARGIN = 0.05  # rad kept from the joint stops
_NEAR_HOME = 0.5  # share of joint configurations as in a servo episode; the others are uniform within the limits
_HOME_SPREAD = 0.8  # rad: largest distance of a servo's start and goal from home


def joint_range(kinematics: RobotKinematics) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(n,)`` lower and upper bounds of drawn joint positions, rad, off the stops; [-pi, pi] of continuous joints."""
    lower, upper = kinematics.lower + _JOINT_MARGIN, kinematics.upper - _JOINT_MARGIN
    return np.maximum(lower, -np.pi), np.minimum(upper, np.pi)


def draw_configuration(kinematics: RobotKinematics, rng: np.random.Generator) -> NDArray[np.float64]:
    """``(n,)`` joint positions, rad: half of the draws lie near home, the others are uniform; contacts are possible."""
    lower, upper = joint_range(kinematics)
    home = kinematics.home
    if rng.random() < _NEAR_HOME:
        return np.asarray(np.clip(home + rng.uniform(-_HOME_SPREAD, _HOME_SPREAD, len(home)), lower, upper))
    return rng.uniform(lower, upper)


def chain_clearance(chain: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """Distance (m) of a ``(3,)`` point from the segments between the ``(K, 3)`` points of a chain."""
    start, along = chain[:-1], np.diff(chain, axis=0)
    share = np.sum((point - start) * along, axis=1) / np.maximum(np.sum(along**2, axis=1), 1e-12)
    nearest = start + np.clip(share, 0.0, 1.0)[:, None] * along
    return float(np.linalg.norm(nearest - point, axis=1).min())
