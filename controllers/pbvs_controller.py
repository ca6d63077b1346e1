"""Position-based visual servoing of an arm: the law, inverse kinematics and limits put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mink
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.geometry import moved
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import Controller, Mode, ServoCommand, ServoGoal, ServoState, as_twist
from .config import PBVSConfig
from .differential_ik import DifferentialIK
from .endpoint import EndpointCorrection
from .features import make_feature
from .gains import AdaptiveGain
from .goal_memory import GoalMemory
from .goal_motion import GoalMotion
from .joint_limits import JointLimiter
from .pbvs import PBVSLaw
from .saturation import saturate_twist

__all__ = ["PBVSController"]


class PBVSController(Controller):
    """Drives the end effector to a goal pose that pictures tell.

    A good goal is servoed on (``"servo"``), after extrapolating it from the time of its picture to now by its
    own twist (see :class:`GoalMotion`). Without one the controller coasts on the last good goal, then holds
    (see :class:`GoalMemory`): it brakes as hard as the acceleration limits allow and stands still. It also
    holds, with the reason ``"no_ik_solution"``, should the inverse kinematics fail. After a hold it starts
    smoothly again.

    All three kinds of command obey the limits of position, velocity and acceleration, and may be mixed; the
    velocities commanded last are taken to be those that the joints have.

    Attributes:
        config: The settings.
        dt: Time between two commands, seconds.
    """

    def __init__(
        self,
        kinematics: RobotKinematics,
        config: PBVSConfig | Mapping[str, Any] | None = None,
        dt: float = 1.0 / 30.0,
    ) -> None:
        """Compose the controller.

        Args:
            kinematics: The arm.
            config: Settings, or a mapping of those that are not the defaults.
            dt: Time between two commands, seconds.

        Raises:
            ValueError: If a setting is unknown or out of its range, or the gain is unstable at this ``dt``.
        """
        self.config = c = PBVSConfig.of(config)
        if c.gain_at_zero * dt >= 2.0:
            raise ValueError(
                f"gain_at_zero={c.gain_at_zero!r} is unstable at dt={dt!r} s; it must be below {2.0 / dt:g}"
            )
        self.dt = dt
        self._kinematics = kinematics
        self._limiter = JointLimiter.of(kinematics, c.stop_margin)
        self._law = PBVSLaw(
            make_feature(c.feature),
            AdaptiveGain(c.gain_at_zero, c.gain_at_infinity, c.gain_slope),
            continuity_rate=c.continuity_rate,
            max_linear_speed=c.max_linear_speed,
            max_angular_speed=c.max_angular_speed,
        )
        self._ik = DifferentialIK(
            kinematics,
            dt,
            limiter=self._limiter,
            rotation_length=c.rotation_length,
            posture_rate=c.posture_rate,
            posture_cost=c.posture_cost,
            singular_value=c.singular_value,
            max_damping=c.max_damping,
        )
        self._memory = GoalMemory(c.max_age_s, c.coast_s)
        self._endpoint = EndpointCorrection(c.endpoint_time_constant)
        self._motion = GoalMotion(c.feed_forward, c.feed_forward_time_constant)
        self.reset()

    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""
        self._velocities = np.zeros(self._kinematics.n)
        self._servoing = False
        self._memory.reset()
        self._endpoint.reset()
        self._motion.reset()
        self._law.restart()

    def command(
        self, goal: ServoGoal | None, state: ServoState, residual_twist: ArrayLike | None = None
    ) -> ServoCommand:
        """Joint velocities towards a goal.

        Args:
            goal: The newest goal; ``None`` when the newest estimate is not valid.
            state: The arm now.
            residual_twist: ``(6,)`` m/s and rad/s in base axes, added to the law's twist before the speed
                limits; not used while holding.
        """
        choice = self._memory.choose(goal, state.time_s)
        if choice.goal is None:
            return self._hold(choice.reason)
        residual = None if residual_twist is None else as_twist(residual_twist, "residual_twist")
        if not self._servoing:
            self._law.restart(self._kinematics.jacobian(state.joint_positions) @ self._velocities)
            self._servoing = True
        goal_twist = self._motion.twist(choice.goal)
        age = max(state.time_s - choice.goal.time_s, 0.0)
        closed = self.config.endpoint == "closed"
        base_T_goal = self._endpoint.shifted(choice.goal) if closed else choice.goal.base_T_goal
        twist = self._law.twist(
            self._kinematics.base_T_ee(state.joint_positions),
            moved(base_T_goal, goal_twist, age),
            state.time_s,
            goal_twist,
            residual,
        )
        return self._move(twist, state, choice.mode, choice.reason)

    def twist_command(self, twist: ArrayLike, state: ServoState) -> ServoCommand:
        """Joint velocities of a ``(6,)`` end-effector twist (m/s, rad/s, base axes), speed limits kept."""
        self._servoing = False
        limited = saturate_twist(as_twist(twist, "twist"), self.config.max_linear_speed, self.config.max_angular_speed)
        return self._move(limited, state, "servo", "")

    def velocity_command(self, joint_velocities: ArrayLike, state: ServoState) -> ServoCommand:
        """The allowed ``(n,)`` joint velocities (rad/s) nearest to those asked for, and their twist.

        Raises:
            ValueError: If they are not ``(n,)`` finite numbers.
        """
        asked = np.asarray(joint_velocities, dtype=float)
        if asked.shape != (self._kinematics.n,) or not np.isfinite(asked).all():
            raise ValueError(
                f"{self._kinematics.robot.name} takes {self._kinematics.n} finite joint velocities, "
                f"not {joint_velocities!r}"
            )
        self._servoing = False
        J = self._kinematics.jacobian(state.joint_positions)
        allowed = self._limiter.clamp(asked, state.joint_positions, self._velocities, self.dt)
        return self._done(allowed, J @ allowed, "servo", "")

    def _move(self, twist: NDArray[np.float64], state: ServoState, mode: Mode, reason: str) -> ServoCommand:
        try:
            velocities = self._ik.solve(state.joint_positions, twist, self._velocities)
        except mink.NoSolutionFound:
            return self._hold("no_ik_solution")
        return self._done(velocities, twist, mode, reason)

    def _hold(self, reason: str) -> ServoCommand:
        self._servoing = False
        return self._done(self._limiter.brake(self._velocities, self.dt), np.zeros(6), "hold", reason)

    def _done(
        self, velocities: NDArray[np.float64], twist: NDArray[np.float64], mode: Mode, reason: str
    ) -> ServoCommand:
        self._velocities = velocities
        return ServoCommand(velocities.copy(), twist, mode, reason)
