"""Differential inverse kinematics: an end-effector twist in, joint velocities within all limits out."""

from __future__ import annotations

import math

import daqp
import mink
import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .body_displacement import displaced
from .joint_limits import Bounds, JointLimiter, between

__all__ = ["DifferentialIK"]

_SCALE = 1e3
"""Cost of a metre: scales the numbers that the solver compares with its tolerances to millimetres."""
_UNBOUNDED = 1e30
"""What DAQP takes for infinity."""
_CLEARLY = 1.0 + 1e-6
"""Factor that covers the rounding of a singular value."""


class DifferentialIK:
    """Joint velocities of a twist, as a quadratic program (mink's frame task, solved by DAQP).

    It minimises ``|J dq - twist dt|^2`` (radians weighted as ``rotation_length`` metres) under the limits of
    position, velocity and acceleration. The null space of a redundant arm moves towards the home joint
    configuration; the cost of this motion is so small that it changes a twist by about 1e-5.

    Near a singular joint configuration the term ``damping^2 |dq|^2`` is added, with
    ``damping = max_damping * sqrt(1 - (s / singular_value)^2)`` where the smallest singular value s of the
    (weighted) Jacobian is below ``singular_value`` (S. Chiaverini, "Singularity-robust task-priority
    redundancy resolution", IEEE Transactions on Robotics and Automation 13(3), 1997). Joint velocities stay bounded,
    and the twist is achieved less in the direction that the Jacobian loses.

    Attributes:
        dt: Nominal length of a step, seconds.
        limiter: The limits.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        dt: float,
        *,
        limiter: JointLimiter | None = None,
        rotation_length: float = 0.3,
        home_rate: float = 0.5,
        home_cost: float = 3e-4,
        singular_value: float = 0.02,
        max_damping: float = 0.02,
    ) -> None:
        """Set up the program.

        Args:
            kinematics: The arm.
            dt: Length of a step, seconds.
            limiter: Limits; by default all those of ``kinematics``.
            rotation_length: Metres that an error of one radian counts as.
            home_rate: Rate at which the null-space motion approaches the home joint configuration, 1/s.
            home_cost: Cost of a radian of distance from it, in metres of position error.
            singular_value: Singular value of the weighted Jacobian below which the program is damped, m/rad.
            max_damping: Damping of an exactly singular joint configuration, m/rad.

        Raises:
            ConfigurationError: If a value is out of its range.
        """
        positive = {
            "dt": dt,
            "rotation_length": rotation_length,
            "home_cost": home_cost,
            "singular_value": singular_value,
            "max_damping": max_damping,
        }
        for name, value in positive.items():
            if not 0.0 < value < np.inf:
                raise ConfigurationError(f"DifferentialIK: {name} must be positive, not {value!r}")
        if not 0.0 <= home_rate * dt <= 1.0:
            raise ConfigurationError(f"DifferentialIK: home_rate must lie in [0, 1 / dt], not {home_rate!r} 1/s")
        self.dt = dt
        self.limiter = JointLimiter.of(kinematics) if limiter is None else limiter
        self._kinematics = kinematics
        self._singular_value = singular_value
        self._max_damping = max_damping
        self._home_rate = home_rate
        self._weights = np.repeat([1.0, rotation_length], 3)[:, None]
        self._model_R_base = kinematics.model_T_base.as_matrix()[:3, :3]
        self._model_R_body = np.empty(9)
        self._configuration = mink.Configuration(kinematics.model)
        self._frame = kinematics.robot.end_effector
        self._twist_task = mink.FrameTask(self._frame, "body", _SCALE, _SCALE * rotation_length)
        self._home_costs = np.full(kinematics.n, _SCALE * home_cost)
        self._rows = np.vstack([np.zeros((6, kinematics.n)), np.diag(self._home_costs)])
        eye = np.eye(kinematics.n)
        self._sides = np.vstack([eye, -eye, eye, -eye])
        self._below, self._kinds = np.full(4 * kinematics.n, -_UNBOUNDED), np.zeros(4 * kinematics.n, np.intc)
        self._jacobian: tuple[NDArray[np.float64], float] | None = None

    def solve(
        self,
        joint_positions: ArrayLike,
        twist: ArrayLike,
        previous: ArrayLike,
        *,
        period: float | None = None,
        damping: float = 0.0,
        reachable: Bounds | None = None,
    ) -> NDArray[np.float64]:
        """Joint velocities for the next step.

        Args:
            joint_positions: ``(n,)`` rad; slightly beyond the stops is allowed.
            twist: ``(6,)`` m/s and rad/s, base axes at the end effector's origin; a rotation by less than
                pi in a step.
            previous: ``(n,)`` velocities commanded last, rad/s.
            period: Time that the velocities will act, seconds; by default :attr:`dt`.
            damping: Least damping, m/rad; that of a singular configuration may exceed it.
            reachable: :meth:`JointLimiter.reachable` of the other arguments, where it is known already.

        Returns:
            ``(n,)`` rad/s, within the limits.

        Raises:
            mink.NoSolutionFound: If the solver fails.
            DataError: If the joint positions are not ``(n,)``.
        """
        q = np.asarray(joint_positions, dtype=float)
        if q.shape != self.limiter.lower.shape:
            name, n = self._kinematics.robot.name, self._kinematics.n
            raise DataError(f"{name} takes joint positions of shape ({n},), not {q.shape}")
        dt = self.dt if period is None else period
        if reachable is None:
            reachable = self.limiter.reachable(q, previous, dt)
        self._configuration.update(q)
        self._set_target(np.asarray(twist, dtype=float), dt)
        displacement = self._minimize(q, dt, _SCALE * max(self._damping(), damping), reachable)
        return between(displacement / dt, *self.limiter.slowed(reachable))

    def _set_target(self, twist: NDArray[np.float64], dt: float) -> None:
        """Move the target by one step of the body twist: mink's error, its logarithm, is then that step."""
        pose = self._configuration.get_transform_frame_to_world(self._frame, "body").wxyz_xyz
        mujoco.mju_quat2Mat(self._model_R_body, pose[:4])
        body_R_base = self._model_R_body.reshape(3, 3).T @ self._model_R_base
        step = np.empty(6)
        step[:3], step[3:] = body_R_base @ twist[:3], body_R_base @ twist[3:]
        self._twist_task.transform_target_to_world = mink.SE3(displaced(pose, step * dt))

    def _minimize(self, q: NDArray[np.float64], dt: float, damping: float, reachable: Bounds) -> NDArray[np.float64]:
        """``(n,)`` joint displacement of the program, rad.

        Raises:
            mink.NoSolutionFound: If the solver fails.
        """
        W, errors = self._rows, np.empty(len(self._rows))
        W[:6], errors[:6], _ = self._twist_task.compute_qp_residual(self._configuration)
        errors[6:] = self._home_costs * (-min(self._home_rate * dt, 1.0) * (q - self._kinematics.home))
        H = W.T @ W
        H.flat[:: len(q) + 1] += damping**2
        low, high = reachable
        fastest = dt * self.limiter.velocity
        bounds = np.concatenate([fastest, fastest, high * dt, -low * dt])
        x, _, status, _ = daqp.solve(H, -(errors @ W), self._sides, bounds, self._below, self._kinds)
        if status <= 0:
            raise mink.NoSolutionFound("daqp")
        return np.asarray(x)

    def _damping(self) -> float:
        """Damping by the smallest singular value s of the weighted Jacobian, m/rad.

        s differs between two matrices by no more than the norm of their difference (Weyl), so that it is not computed
        again where it cannot have fallen below the value that asks for damping.
        """
        J = self._weights * self._configuration.get_frame_jacobian(self._frame, "body")
        if self._jacobian is not None:
            last, smallest = self._jacobian
            change = (J - last).ravel()
            if smallest - math.sqrt(change.dot(change)) > _CLEARLY * self._singular_value:
                return 0.0
        smallest = float(np.linalg.svd(J, compute_uv=False)[-1])
        self._jacobian = J, smallest
        return self._max_damping * math.sqrt(max(1.0 - (smallest / self._singular_value) ** 2, 0.0))
