"""Forward kinematics of one arm, by a MuJoCo model in which only the arm's joints move."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from functools import lru_cache

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError
from ctr_env.geometry import body_matrix, body_pose, inverse_matrix, pose_from_matrix

from .catalogue import get_robot
from .description import RobotDescription
from .urdf import fix_joints, joint_limits, load_urdf

__all__ = ["RobotKinematics"]


class RobotKinematics:
    """Poses of an arm's links in its base frame, and its joint limits.

    Not thread-safe: it owns one ``MjData`` that its methods overwrite.

    Attributes:
        robot: Description of the robot.
        model: MuJoCo model whose ``n`` degrees of freedom are the arm's joints, in the description's order; bodies are
            named as the links, without geometry. World and base frame differ by :attr:`model_T_base`.
        lower: ``(n,)`` lower joint limits, rad (-inf for continuous joints).
        upper: ``(n,)`` upper joint limits, rad.
        velocity_limits: ``(n,)`` rad/s.
        effort_limits: ``(n,)`` N m.
        acceleration_limits: ``(n,)`` rad/s².
        home: ``(n,)`` rad.
    """

    def __init__(self, robot: str | RobotDescription) -> None:
        """Build from a robot's name or description.

        Raises:
            ConfigurationError: If the name is unknown, or the URDF lacks what the description names.
        """
        self.robot = get_robot(robot)
        self.model, limits = _arm_model(self.robot)
        self.lower, self.upper, self.velocity_limits, self.effort_limits = (column.copy() for column in limits.T)
        self.acceleration_limits = np.array(self.robot.acceleration_limits)
        self.home = np.array(self.robot.home)
        self._data = mujoco.MjData(self.model)
        mujoco.mj_kinematics(self.model, self._data)
        self.model_T_base = body_pose(self._data, self._body(self.robot.base_link))
        self._base_T_model = inverse_matrix(self.model_T_base.as_matrix())
        self._ee = self._body(self.robot.end_effector)
        self._moved_by: dict[str, NDArray[np.bool_]] = {}
        self._keypoints = [self._body(name) for name in self.robot.keypoint_frames]

    @property
    def n(self) -> int:
        """Number of arm joints."""
        return len(self.robot.arm_joints)

    def base_T_link(self, joint_positions: ArrayLike, link: str) -> RigidTransform:
        """Pose of a link in the base frame.

        Args:
            joint_positions: ``(n,)`` rad.
            link: Link name.

        Raises:
            ConfigurationError: If there is no such link, or the positions are not ``(n,)``.
        """
        self._forward(joint_positions)
        return pose_from_matrix(self._base_T_model @ body_matrix(self._data, self._body(link)))

    def base_T_ee(self, joint_positions: ArrayLike) -> RigidTransform:
        """Pose of the end effector in the base frame for ``(n,)`` joint positions (rad)."""
        return pose_from_matrix(self.ee_matrix(joint_positions))

    def ee_matrix(self, joint_positions: ArrayLike) -> NDArray[np.float64]:
        """The same as a ``(4, 4)`` matrix."""
        self._forward(joint_positions)
        return np.asarray(self._base_T_model @ body_matrix(self._data, self._ee))

    def keypoints(self, joint_positions: ArrayLike) -> NDArray[np.float64]:
        """``(K, 3)`` keypoints in the base frame, metres, for ``(n,)`` joint positions (rad)."""
        self._forward(joint_positions)
        T = self._base_T_model
        return np.asarray(self._data.xpos[self._keypoints] @ T[:3, :3].T + T[:3, 3])

    def points(self, joint_positions: ArrayLike, links: Sequence[str], offsets: ArrayLike) -> NDArray[np.float64]:
        """Points fixed to links, in the base frame.

        Args:
            joint_positions: ``(n,)`` rad.
            links: Link name of each of the P points.
            offsets: ``(P, 3)`` positions in the links' frames, metres.

        Returns:
            ``(P, 3)`` metres.

        Raises:
            ConfigurationError: If there is no such link.
        """
        rotations, origins = self.link_poses(joint_positions, links)
        return np.asarray(origins + np.einsum("nij,nj->ni", rotations, np.asarray(offsets, dtype=float)))

    def link_poses(
        self, joint_positions: ArrayLike, links: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Poses of several links in the base frame.

        Args:
            joint_positions: ``(n,)`` rad.
            links: Names of L links.

        Returns:
            Rotations ``(L, 3, 3)`` and origins ``(L, 3)``, metres.

        Raises:
            ConfigurationError: If there is no such link.
        """
        self._forward(joint_positions)
        ids = [self._body(name) for name in links]
        R, p = self._base_T_model[:3, :3], self._base_T_model[:3, 3]
        return R @ self._data.xmat[ids].reshape(-1, 3, 3), self._data.xpos[ids] @ R.T + p

    def point_jacobians(
        self, joint_positions: ArrayLike, links: Sequence[str], points: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Derivatives by the joint positions of points that are fixed to links.

        Args:
            joint_positions: ``(n,)`` rad.
            links: Link name of each of the P points.
            points: ``(P, 3)`` the points in the base frame at these joint positions, metres.

        Returns:
            ``(P, 3, n)`` m/rad, base axes; 0 for joints that do not move the link.

        Raises:
            ConfigurationError: If there is no such link.
        """
        self._forward(joint_positions)
        R, p = self._base_T_model[:3, :3], self._base_T_model[:3, 3]
        axes, anchors = self._data.xaxis @ R.T, self._data.xanchor @ R.T + p
        moved = np.stack([self._moved(link) for link in links]) if len(links) else np.zeros((0, self.n))
        found = np.cross(axes, np.asarray(points)[:, None] - anchors) * moved[..., None]
        return np.asarray(np.swapaxes(found, 1, 2))

    def jacobian(self, joint_positions: ArrayLike) -> NDArray[np.float64]:
        """``(6, n)`` geometric Jacobian of the end effector in base axes: linear rows first."""
        self._forward(joint_positions)
        mujoco.mj_comPos(self.model, self._data)
        J = np.zeros((6, self.model.nv))
        mujoco.mj_jacBody(self.model, self._data, J[:3], J[3:], self._ee)
        return np.asarray((self._base_T_model[:3, :3] @ J.reshape(2, 3, -1)).reshape(J.shape))

    def _forward(self, joint_positions: ArrayLike) -> None:
        q = np.asarray(joint_positions, dtype=float)
        if q.shape != (self.n,):
            raise ConfigurationError(f"{self.robot.name} takes joint positions of shape ({self.n},), not {q.shape}")
        self._data.qpos[:] = q
        mujoco.mj_kinematics(self.model, self._data)

    def _moved(self, link: str) -> NDArray[np.bool_]:
        """``(n,)`` joints that move a link."""
        if link not in self._moved_by:
            ancestors, body = set(), self._body(link)
            while body:
                ancestors.add(body)
                body = int(self.model.body_parentid[body])
            self._moved_by[link] = np.isin(self.model.jnt_bodyid, list(ancestors))
        return self._moved_by[link]

    def _body(self, link: str) -> int:
        body = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, link)
        if body < 0:
            names = ", ".join(self.model.body(i).name for i in range(1, self.model.nbody))
            raise ConfigurationError(f"robot {self.robot.name!r} has no link {link!r}; valid names: {names}")
        return int(body)


def _arm_model(robot: RobotDescription) -> tuple[mujoco.MjModel, NDArray[np.float64]]:
    root = load_urdf(robot)
    for link in root.iter("link"):
        for tag in ("visual", "collision"):
            for element in link.findall(tag):
                link.remove(element)
    fix_joints(root, robot.configuration, keep=robot.arm_joints)
    limits = [joint_limits(root, name) for name in robot.arm_joints]
    model = _compile(ET.tostring(root, encoding="unicode"))
    order = [model.joint(name).qposadr[0] for name in robot.arm_joints]
    if order != list(range(model.nq)):
        raise ConfigurationError(f"robot {robot.name!r}: arm_joints must be one chain from base to gripper, in order")
    return model, np.array([[limit.lower, limit.upper, limit.velocity, limit.effort] for limit in limits])


@lru_cache(maxsize=16)
def _compile(urdf: str) -> mujoco.MjModel:
    return mujoco.MjSpec.from_string(urdf).compile()
