"""Forward kinematics in torch: many joint configurations at once, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
import torch
from torch import Tensor

from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import RobotSurface

__all__ = ["TorchKinematics"]


class TorchKinematics:
    """Poses of links in the base frame, as :class:`~ctr_env.scenes.robots.kinematics.RobotKinematics` has them.

    Attributes:
        links: Names of the L links whose poses are given.
    """

    def __init__(self, kinematics: RobotKinematics, links: Sequence[str]) -> None:
        """Take over the tree of joints that leads to some links.

        Raises:
            ValueError: If there is no such link.
        """
        kinematics.link_poses(kinematics.home, links)  # raises for unknown names
        self.links = tuple(links)
        model = kinematics.model
        self._wanted = [model.body(name).id for name in links]
        needed: set[int] = set()
        for body in self._wanted:
            while body > 0 and body not in needed:
                needed.add(body)
                body = int(model.body_parentid[body])
        self._bodies = [_Body(model, body) for body in sorted(needed)]  # parents come before their children
        base = kinematics.model_T_base.inv().as_matrix()
        self._root = torch.from_numpy(base[:3, :3].copy()), torch.from_numpy(base[:3, 3].copy())
        self._n = kinematics.n

    def poses(self, joint_positions: Tensor) -> tuple[Tensor, Tensor]:
        """Poses of the links.

        Args:
            joint_positions: ``(B, n)`` rad.

        Returns:
            Rotations ``(B, L, 3, 3)`` and origins ``(B, L, 3)``, metres, in the base frame.

        Raises:
            ValueError: If the joint positions are not ``(B, n)``.
        """
        if joint_positions.ndim != 2 or joint_positions.shape[1] != self._n:
            raise ValueError(f"joint positions have shape (B, {self._n}), not {tuple(joint_positions.shape)}")
        count = len(joint_positions)
        root = [part.to(joint_positions).expand(count, *part.shape) for part in self._root]
        found = {0: (root[0], root[1])}
        for body in self._bodies:
            R, p = found[body.parent]
            found[body.number] = body.placed(R, p, joint_positions)
        chosen = [found[body] for body in self._wanted]
        return torch.stack([R for R, _ in chosen], dim=1), torch.stack([p for _, p in chosen], dim=1)

    def vertices(self, surface: RobotSurface, joint_positions: Tensor) -> Tensor:
        """``(B, V, 3)`` a surface's vertices in the base frame, metres; its links must be this object's.

        Raises:
            ValueError: If they are not.
        """
        if surface.links != self.links:
            raise ValueError("the surface's links are not those of these kinematics")
        rotations, origins = self.poses(joint_positions)
        ends = np.searchsorted(surface.vertex_links, np.arange(1, len(surface.links))).tolist()
        parts = torch.from_numpy(surface.vertices).to(joint_positions).tensor_split(ends)
        return torch.cat([part @ rotations[:, i].mT + origins[:, i, None] for i, part in enumerate(parts)], dim=1)


class _Body:
    """One body of MuJoCo's tree: a fixed pose in its parent, then at most one joint."""

    def __init__(self, model: mujoco.MjModel, number: int) -> None:
        self.number, self.parent = number, int(model.body_parentid[number])
        matrix = np.zeros(9)
        mujoco.mju_quat2Mat(matrix, model.body_quat[number])
        self._rotation = torch.from_numpy(matrix.reshape(3, 3))
        self._position = torch.from_numpy(model.body_pos[number].copy())
        self._joint = int(model.body_jntadr[number]) if model.body_jntnum[number] else -1
        if self._joint >= 0:
            self._address = int(model.jnt_qposadr[self._joint])
            self._slides = model.jnt_type[self._joint] == int(mujoco.mjtJoint.mjJNT_SLIDE)
            self._axis = torch.from_numpy(model.jnt_axis[self._joint].copy())
            self._anchor = torch.from_numpy(model.jnt_pos[self._joint].copy())
            self._zero = float(model.qpos0[self._address])

    def placed(self, R: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """Its pose ``(B, 3, 3)``, ``(B, 3)``, given its parent's and joint positions ``(B, n)``."""
        p = p + R @ self._position.to(q)
        R = R @ self._rotation.to(q)
        if self._joint < 0:
            return R, p
        angle, axis, anchor = q[:, self._address] - self._zero, self._axis.to(q), self._anchor.to(q)
        if self._slides:
            return R, p + angle[:, None] * (R @ axis)
        turn = _turn(axis, angle)
        return R @ turn, p + (R @ (anchor - turn @ anchor)[..., None])[..., 0]


def _turn(axis: Tensor, angle: Tensor) -> Tensor:
    """``(B, 3, 3)`` rotations about a unit axis (Rodrigues)."""
    x, y, z = axis.unbind()
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).view(3, 3)
    sine, versine = torch.sin(angle)[:, None, None], (1.0 - torch.cos(angle))[:, None, None]
    return torch.eye(3).to(angle) + sine * cross + versine * (cross @ cross)
