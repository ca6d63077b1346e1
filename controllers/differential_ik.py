"""Differential inverse kinematics: an end-effector twist in, joint velocities within all limits out."""

from __future__ import annotations

import mink
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .acceleration_limit import AccelerationLimit
from .joint_limits import JointLimiter

__all__ = ["DifferentialIK"]

_SCALE = 1e3
"""Cost of a metre: scales the numbers that the solver compares with its tolerances to millimetres."""


class DifferentialIK:
    """Joint velocities of a twist, as a quadratic program (mink, solved by DAQP).

    It minimises ``|J dq - twist dt|^2`` (radians weighted as ``rotation_length`` metres) under the limits of
    position, velocity and acceleration. The null space of a redundant arm moves towards the home joint
    configuration; the cost of this task (mink's ``PostureTask``) is so small that it changes a twist by about 1e-5.

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
        self._configuration = mink.Configuration(kinematics.model)
        self._frame = kinematics.robot.end_effector
        self._twist_task = mink.FrameTask(self._frame, "body", _SCALE, _SCALE * rotation_length)
        self._posture_task = mink.PostureTask(kinematics.model, _SCALE * home_cost, gain=home_rate * dt)
        self._posture_task.set_target(kinematics.home)
        velocities = dict(zip(kinematics.robot.arm_joints, self.limiter.velocity, strict=True))
        self._acceleration_limit = AccelerationLimit(self.limiter)
        self._limits = [mink.VelocityLimit(kinematics.model, velocities), self._acceleration_limit]

    def solve(
        self,
        joint_positions: ArrayLike,
        twist: ArrayLike,
        previous: ArrayLike,
        *,
        period: float | None = None,
        damping: float = 0.0,
    ) -> NDArray[np.float64]:
        """Joint velocities for the next step.

        Args:
            joint_positions: ``(n,)`` rad; slightly beyond the stops is allowed.
            twist: ``(6,)`` m/s and rad/s, base axes at the end effector's origin; a rotation by less than
                pi in a step.
            previous: ``(n,)`` velocities commanded last, rad/s.
            period: Time that the velocities will act, seconds; by default :attr:`dt`.
            damping: Least damping, m/rad; that of a singular configuration may exceed it.

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
        self._configuration.update(q)
        self._acceleration_limit.set_previous_velocities(previous)
        dt = self.dt if period is None else period
        self._set_target(np.asarray(twist, dtype=float), dt)
        self._posture_task.gain = min(self._home_rate * dt, 1.0)
        velocities = mink.solve_ik(
            self._configuration,
            [self._twist_task, self._posture_task],
            dt,
            solver="daqp",
            damping=(_SCALE * max(self._damping(), damping)) ** 2,
            limits=self._limits,
        )
        return self.limiter.clamp(velocities, q, previous, dt)

    def _set_target(self, twist: NDArray[np.float64], dt: float) -> None:
        """Move the target by one step of the body twist: mink's error, its logarithm, is then that step."""
        current = self._configuration.get_transform_frame_to_world(self._frame, "body")
        model_R_base = self._kinematics.model_T_base.as_matrix()[:3, :3]
        body_R_base = current.rotation().as_matrix().T @ model_R_base
        body_twist = np.concatenate([body_R_base @ twist[:3], body_R_base @ twist[3:]])
        self._twist_task.set_target(current @ mink.SE3.exp(body_twist * dt))

    def _damping(self) -> float:
        J = self._weights * self._configuration.get_frame_jacobian(self._frame, "body")
        ratio = float(np.linalg.svd(J, compute_uv=False)[-1]) / self._singular_value
        return self._max_damping * float(np.sqrt(max(1.0 - ratio**2, 0.0)))
