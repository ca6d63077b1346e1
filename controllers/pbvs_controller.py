"""Position-based visual servoing of an arm: the control law, inverse kinematics and limits combined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import mink
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.geometry import moved
from ctr_env.runs.configuration import config_from_mapping
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
from .loop_clock import LoopClock
from .pbvs import PBVSLaw
from .progress import ProgressMonitor
from .saturation import saturate_twist
from .stall import StallDiagnosis, residual_damping

__all__ = ["PBVSController"]


class PBVSController(Controller):
    """Drives the end effector to a goal pose by the errors of that pose.

    A command is made in this order: the loop's period is measured (:class:`LoopClock`), a goal is chosen
    (:class:`GoalMemory`), it is predicted from the time of its image to now (:class:`GoalMotion`) and shifted by what
    the image shows of the gripper (:class:`EndpointCorrection`), the law makes a twist (:class:`PBVSLaw`), its progress
    is watched (:class:`ProgressMonitor`), and inverse kinematics make joint velocities (:class:`DifferentialIK`).

    The mode of a command says how it was made:

    - ``"servo"``: on a valid goal.
    - ``"coast"``: on the last valid goal, while there is none.
    - ``"hold"``: braking as hard as the acceleration limits allow, then standing still. Reasons: ``"no_goal"``,
      ``"stale_goal"``, ``"no_ik_solution"``, ``"loop_too_slow"`` (the measured period exceeds
      :attr:`PBVSConfig.max_age_s`) and ``"not_progressing"`` (the joints do not move although they could; it tries
      again after a while).
    - ``"stall"``: the goal cannot be approached further. Inverse kinematics are damped, so that the arm comes to rest
      at the nearest pose, and goes on if the goal becomes reachable. Reasons: see :class:`StallDiagnosis`.

    After a hold the law starts smoothly again. All commands obey the limits of position, velocity and acceleration at
    the measured period, and kinds of command may be mixed; the velocities commanded last are taken to be those that
    the joints have.

    Attributes:
        config: The settings.
        dt: Nominal time between two commands, seconds.
        needs_gripper: Whether goals should say where the image shows the gripper.
    """

    config: PBVSConfig

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
            dt: Nominal time between two commands, seconds.

        Raises:
            ConfigurationError: If a setting is unknown or out of its range, or the gain is unstable at this ``dt``.
        """
        self.config = c = config_from_mapping(PBVSConfig, config)
        if c.gain_at_zero * dt >= 2.0:
            raise ConfigurationError(
                f"gain_at_zero={c.gain_at_zero!r} is unstable at dt={dt!r} s; it must be below {2.0 / dt:g}"
            )
        self.dt = dt
        self.needs_gripper = c.endpoint == "closed"
        self._kinematics = kinematics
        self._limiter = JointLimiter.of(kinematics, c.stop_margin)
        self._clock = LoopClock(dt, max(c.max_age_s, dt))
        self._memory = GoalMemory(c.max_age_s, c.coast_s)
        self._motion = GoalMotion(c.feed_forward, c.feed_forward_time_constant)
        self._endpoint = EndpointCorrection(c.endpoint_time_constant)
        self._law = PBVSLaw(
            make_feature(c.feature),
            AdaptiveGain(c.gain_at_zero, c.gain_at_infinity, c.gain_slope),
            continuity_rate=c.continuity_rate,
            max_linear_speed=c.max_linear_speed,
            max_angular_speed=c.max_angular_speed,
        )
        self._progress = ProgressMonitor(c.rotation_length)
        self._diagnosis = StallDiagnosis(kinematics, self._limiter, c.rotation_length)
        self._ik = DifferentialIK(
            kinematics,
            dt,
            limiter=self._limiter,
            rotation_length=c.rotation_length,
            home_rate=c.home_rate,
            home_cost=c.home_cost,
            singular_value=c.singular_value,
            max_damping=c.max_damping,
        )
        self.reset()

    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""
        self._velocities = np.zeros(self._kinematics.n)
        self._servoing = False
        for part in (self._clock, self._memory, self._motion, self._endpoint, self._progress):
            part.reset()
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
        period = self._clock.tick(state.time_s)
        choice = self._memory.choose(goal, state.time_s)
        if self._clock.too_slow or choice.goal is None:
            return self._hold(choice.reason if choice.goal is None else "loop_too_slow", period)
        goal_twist = self._motion.twist(choice.goal)
        seen = self._endpoint.shifted(choice.goal) if self.needs_gripper else choice.goal.base_T_goal
        base_T_goal = moved(seen, goal_twist, max(state.time_s - choice.goal.time_s, 0.0))
        base_T_ee = self._kinematics.base_T_ee(state.joint_positions)
        self._start(state)
        twist = self._law.twist(
            base_T_ee,
            base_T_goal,
            state.time_s,
            goal_twist,
            None if residual_twist is None else as_twist(residual_twist, "residual_twist"),
            max_gain=math.inf if period == self.dt else 1.0 / period,
        )
        return self._move(twist, state, choice.mode, choice.reason, base_T_ee, base_T_goal)

    def twist_command(self, twist: ArrayLike, state: ServoState) -> ServoCommand:
        """Joint velocities of a ``(6,)`` end-effector twist (m/s, rad/s, base axes), within the speed limits."""
        period = self._clock.tick(state.time_s)
        limited = saturate_twist(as_twist(twist, "twist"), self.config.max_linear_speed, self.config.max_angular_speed)
        if self._clock.too_slow:
            return self._hold("loop_too_slow", period)
        self._servoing = False
        return self._move(limited, state, "servo", "", self._kinematics.base_T_ee(state.joint_positions), None)

    def velocity_command(self, joint_velocities: ArrayLike, state: ServoState) -> ServoCommand:
        """The allowed ``(n,)`` joint velocities (rad/s) nearest to the requested ones, and their twist.

        Raises:
            DataError: If they are not ``(n,)`` finite numbers.
        """
        period = self._clock.tick(state.time_s)
        requested = np.asarray(joint_velocities, dtype=float)
        if requested.shape != (self._kinematics.n,) or not np.isfinite(requested).all():
            raise DataError(
                f"{self._kinematics.robot.name} takes {self._kinematics.n} finite joint velocities, "
                f"not {joint_velocities!r}"
            )
        if self._clock.too_slow:
            return self._hold("loop_too_slow", period)
        self._servoing = False
        J = self._kinematics.jacobian(state.joint_positions)
        allowed = self._limiter.clamp(requested, state.joint_positions, self._velocities, period)
        return self._done(allowed, J @ allowed, "servo", "")

    def _start(self, state: ServoState) -> None:
        """Start the law smoothly from the twist that the arm has, if it was not servoing."""
        if not self._servoing:
            self._law.restart(self._kinematics.jacobian(state.joint_positions) @ self._velocities)
            self._servoing = True

    def _move(
        self,
        twist: NDArray[np.float64],
        state: ServoState,
        mode: Mode,
        reason: str,
        base_T_ee: RigidTransform,
        base_T_goal: RigidTransform | None,
    ) -> ServoCommand:
        """Inverse kinematics of a twist, damped while the arm does not follow."""
        q, period, damping = state.joint_positions, self._clock.period, 0.0
        if self._progress.update(state, base_T_ee, base_T_goal, twist, self._velocities, period):
            if self._progress.blocked:
                return self._hold("not_progressing", period)
            mode, reason = "stall", self._diagnosis.reason(q, twist, base_T_goal)
            if self._progress.settled:
                return self._done(self._limiter.brake(self._velocities, period), twist, mode, reason)
            damping = residual_damping(self._progress.size(twist) * period)
        try:
            velocities = self._ik.solve(q, twist, self._velocities, period=period, damping=damping)
        except mink.NoSolutionFound:
            return self._hold("no_ik_solution", period)
        return self._done(velocities, twist, mode, reason)

    def _hold(self, reason: str, period: float) -> ServoCommand:
        self._servoing = False
        return self._done(self._limiter.brake(self._velocities, period), np.zeros(6), "hold", reason)

    def _done(
        self, velocities: NDArray[np.float64], twist: NDArray[np.float64], mode: Mode, reason: str
    ) -> ServoCommand:
        self._velocities = velocities
        return ServoCommand(velocities.copy(), twist, mode, reason)
