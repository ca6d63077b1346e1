"""Features that position-based visual servoing regulates.

Both are after F. Chaumette and S. Hutchinson, "Visual Servo Control, Part I: Basic Approaches", IEEE Robotics
and Automation Magazine 13(4), 2006, section "Position-Based Visual Servo". A feature vector s has the error e
= s - s* and the interaction matrix L with ``de/dt = L @ twist``; the law ``twist = -gain * inv(L) @ e`` makes
every component of e decay exponentially. Here the twist is the end effector's, in base axes at its origin;
the article's is in the axes of the controlled frame, which changes L by a rigid transformation of velocities
and e not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import rotation_vector
from ctr_env.runs.configuration import require_choice

__all__ = ["FEATURES", "CartesianFeature", "ImageFeature", "PoseFeature", "make_feature", "theta_u_jacobian"]


class PoseFeature(ABC):
    """Six numbers that are zero when the end effector is at its goal."""

    @abstractmethod
    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` error e: three metres, then three radians."""

    @abstractmethod
    def decay(
        self, error: NDArray[np.float64], base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6,)`` twist ``-inv(L) @ e`` in closed form, m/s and rad/s, with e of :meth:`error` for the same poses."""


class CartesianFeature(PoseFeature):
    """``s = (goal_t_ee, theta u)``: the end effector's pose as seen from its goal.

    Translation and rotation are decoupled: the end effector's origin moves along a straight line, while it rotates
    about one fixed axis. The article's second choice, with c the end effector and c* the goal.
    """

    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` end effector's position in the goal frame (m), rotation vector of ``goal_R_ee`` (rad)."""
        ee, goal = base_T_ee.as_matrix(), base_T_goal.as_matrix()
        error = np.empty(6)
        error[:3] = goal[:3, :3].T @ (ee[:3, 3] - goal[:3, 3])
        error[3:] = rotation_vector(goal[:3, :3].T @ ee[:3, :3])
        return error

    def decay(
        self, error: NDArray[np.float64], base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6,)`` twist: straight to the goal, rotating about the one axis of ``theta u``."""
        ee, goal = base_T_ee.as_matrix(), base_T_goal.as_matrix()
        twist = np.empty(6)
        twist[:3] = goal[:3, 3] - ee[:3, 3]
        twist[3:] = -ee[:3, :3] @ error[3:]
        return twist


class ImageFeature(PoseFeature):
    """``s = (ee_t_goal, theta u)``: the goal's origin as seen from the end effector.

    In the end effector's frame the goal's origin moves along a straight line to its desired position. So it
    does in every other frame fixed to the gripper, and therefore in the image of a camera anywhere on
    the gripper. The end effector's path is curved when it has to rotate. The article's first
    choice, with c the end effector and o the goal: the law would be the same with c any frame on the gripper.
    """

    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` goal's position in the end-effector frame (m), rotation vector of ``goal_R_ee`` (rad)."""
        offset = base_T_goal.translation - base_T_ee.translation
        return np.concatenate([_axes(base_T_ee).T @ offset, _theta_u(base_T_goal, base_T_ee)])

    def decay(
        self, error: NDArray[np.float64], base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6,)`` twist that moves the goal's origin straight in the end-effector frame."""
        base_R_ee = _axes(base_T_ee)
        linear = base_R_ee @ (error[:3] + np.cross(error[3:], error[:3]))
        return np.concatenate([linear, -base_R_ee @ error[3:]])


FEATURES: Mapping[str, type[PoseFeature]] = MappingProxyType({"cartesian": CartesianFeature, "image": ImageFeature})
"""The features by name."""


def make_feature(name: str) -> PoseFeature:
    """A feature by name.

    Args:
        name: One of :data:`FEATURES`.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    require_choice("feature", name, tuple(FEATURES))
    return FEATURES[name]()


def theta_u_jacobian(theta_u: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3, 3)`` matrix from a frame's angular velocity, in its own axes, to the rate of its rotation vector.

    The rotation vector ``theta_u`` (rad) is that of ``reference_R_frame`` for a resting reference. Its
    value, from the article: ``I + theta/2 [u]x + (1 - sinc(theta) / sinc(theta/2)^2) [u]x^2``;
    singular only at theta = 2 pi.
    """
    theta = float(np.linalg.norm(theta_u))
    if theta < 1e-12:
        return np.eye(3)
    u = _skew(theta_u / theta)
    half = np.sinc(0.5 * theta / np.pi)
    return np.eye(3) + 0.5 * theta * u + (1.0 - np.sinc(theta / np.pi) / half**2) * (u @ u)


def _axes(pose: RigidTransform) -> NDArray[np.float64]:
    """Rotation matrix of a pose; making its ``rotation`` costs ten times as much."""
    return np.asarray(pose.as_matrix()[:3, :3])


def _theta_u(base_T_goal: RigidTransform, base_T_ee: RigidTransform) -> NDArray[np.float64]:
    """``(3,)`` rotation vector of ``goal_R_ee``, rad."""
    return rotation_vector(_axes(base_T_goal).T @ _axes(base_T_ee))


def _skew(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
