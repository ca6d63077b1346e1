"""What position-based visual servoing regulates: two choices of features, with their interaction matrices.

Both are after F. Chaumette and S. Hutchinson, "Visual Servo Control, Part I: Basic Approaches", IEEE Robotics
and Automation Magazine 13(4), 2006, section "Position-Based Visual Servo". A feature vector s has the error e
= s - s* and the interaction matrix L with ``de/dt = L @ twist``; the law ``twist = -gain * inv(L) @ e`` makes
every component of e decay exponentially. Here the twist is the end effector's, in base axes at its origin;
the article's is in the axes of the controlled frame, which changes L by a rigid transformation of velocities
and e not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import transform

__all__ = ["FEATURES", "CartesianFeature", "ImageFeature", "PoseFeature", "make_feature", "theta_u_jacobian"]


class PoseFeature(ABC):
    """Six numbers that are zero when the end effector is at its goal."""

    @abstractmethod
    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` error e: three metres, then three radians."""

    @abstractmethod
    def interaction_matrix(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6, 6)`` matrix L of ``de/dt = L @ twist`` for a resting goal."""

    @abstractmethod
    def twist(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform, gain: float = 1.0
    ) -> NDArray[np.float64]:
        """``(6,)`` twist ``-gain * inv(L) @ e`` in closed form, m/s and rad/s; ``gain`` in 1/s."""


@dataclass(frozen=True)
class CartesianFeature(PoseFeature):
    """``s = (goal_t_ee, theta u)``: the end effector's pose as seen from its goal.

    Translation and rotation are decoupled: the end effector's origin moves on a straight line, while it turns
    about one fixed axis. The article's second choice, with c the end effector and c* the goal.
    """

    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` end effector's position in the goal frame (m), rotation vector of ``goal_R_ee`` (rad)."""
        goal_T_ee = base_T_goal.inv() * base_T_ee
        return np.concatenate([goal_T_ee.translation, goal_T_ee.rotation.as_rotvec()])

    def interaction_matrix(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6, 6)`` matrix ``blkdiag(goal_R_ee, L_theta_u) @ blkdiag(ee_R_base, ee_R_base)``."""
        L = np.zeros((6, 6))
        L[:3, :3] = base_T_goal.rotation.inv().as_matrix()
        theta_u = self.error(base_T_ee, base_T_goal)[3:]
        L[3:, 3:] = theta_u_jacobian(theta_u) @ base_T_ee.rotation.inv().as_matrix()
        return L

    def twist(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform, gain: float = 1.0
    ) -> NDArray[np.float64]:
        """``(6,)`` twist: straight to the goal, turning about the one axis of ``theta u``."""
        theta_u = self.error(base_T_ee, base_T_goal)[3:]
        linear = base_T_goal.translation - base_T_ee.translation
        return gain * np.concatenate([linear, -base_T_ee.rotation.apply(theta_u)])


@dataclass(frozen=True)
class ImageFeature(PoseFeature):
    """``s = (view_t_goal, theta u)``: the goal's origin as seen from a view frame that the gripper carries.

    In the view frame the goal's origin moves straight from where it is to where it belongs, and so it does in
    the picture of a camera there. The price is a curved path of the end effector when it has to turn. The
    article's first choice, with c the view frame and o the goal.

    Attributes:
        ee_T_view: Pose of the view frame in the end-effector frame.
    """

    ee_T_view: RigidTransform

    def error(self, base_T_ee: RigidTransform, base_T_goal: RigidTransform) -> NDArray[np.float64]:
        """``(6,)`` excess of the goal's position in the view (m), rotation vector of ``goal_R_view`` (rad).

        The latter compares the view frame with the one that belongs to the goal.
        """
        base_T_view = base_T_ee * self.ee_T_view
        goal_T_view = (base_T_goal * self.ee_T_view).inv() * base_T_view
        offset = base_T_view.inv().apply(base_T_goal.translation) - self._view_t_ee
        return np.concatenate([offset, goal_T_view.rotation.as_rotvec()])

    def interaction_matrix(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform
    ) -> NDArray[np.float64]:
        """``(6, 6)`` matrix ``[[-I, [view_t_goal]x], [0, L_theta_u]]`` times that from ee to view twists."""
        base_T_view = base_T_ee * self.ee_T_view
        e = self.error(base_T_ee, base_T_goal)
        L = np.zeros((6, 6))
        L[:3, :3] = -np.eye(3)
        L[:3, 3:] = _skew(e[:3] + self._view_t_ee)
        L[3:, 3:] = theta_u_jacobian(e[3:])
        R = base_T_view.rotation.inv().as_matrix()
        to_view = np.zeros((6, 6))
        to_view[:3, :3] = to_view[3:, 3:] = R
        to_view[:3, 3:] = -R @ _skew(base_T_view.translation - base_T_ee.translation)
        return L @ to_view

    def twist(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform, gain: float = 1.0
    ) -> NDArray[np.float64]:
        """``(6,)`` twist of the end effector that moves the goal's origin straight in the view."""
        e = self.error(base_T_ee, base_T_goal)
        angular = -e[3:]
        linear_of_view = e[:3] - np.cross(angular, e[:3] + self._view_t_ee)
        linear = linear_of_view + np.cross(angular, self._view_t_ee)
        rotation = base_T_ee.rotation * self.ee_T_view.rotation
        return gain * np.concatenate([rotation.apply(linear), rotation.apply(angular)])

    @property
    def _view_t_ee(self) -> NDArray[np.float64]:
        return np.asarray(self.ee_T_view.inv().translation)


FEATURES = ("cartesian", "image")
"""Names that :func:`make_feature` knows."""


def make_feature(name: str, ee_T_view: RigidTransform | None = None) -> PoseFeature:
    """A feature by name.

    Args:
        name: ``"cartesian"`` or ``"image"``.
        ee_T_view: View frame of ``"image"``; by default 0.15 m behind the end effector, against its z axis.

    Raises:
        ValueError: If the name is unknown.
    """
    if name == "cartesian":
        return CartesianFeature()
    if name == "image":
        return ImageFeature(transform((0.0, 0.0, -0.15)) if ee_T_view is None else ee_T_view)
    raise ValueError(f"unknown feature {name!r}; valid names: {', '.join(FEATURES)}")


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


def _skew(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
