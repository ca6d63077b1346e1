"""What all packaged controllers have in common: everything but the law."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import mink
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.geometry import all_finite
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import Controller, Mode, ServoCommand, ServoGoal, ServoState, as_twist
from .differential_ik import DifferentialIK
from .gains import AdaptiveGain
from .goal_memory import GoalMemory
from .goal_motion import rigid_twist
from .goal_tracking import GoalTracking
from .joint_limits import JointLimiter, between
from .law import ServoContext, ServoLaw
from .loop_clock import LoopClock
from .motion import MotionRequest, NoMotionError
from .progress import ProgressMonitor
from .servo_config import ServoControllerConfig
from .stall import StallDiagnosis, residual_damping
from .twist_shaping import TwistShaping

__all__ = ["ServoController"]


class ServoController(Controller):
    """Drives the end effector to a goal pose by a control law.

    A command is made in this order: the loop's period is measured (:class:`LoopClock`), a goal is chosen and brought to
    one instant with the gripper (:class:`GoalTracking`), the law makes a twist (:class:`ServoLaw`), which starts
    smoothly within the speed limits (:class:`TwistShaping`), its progress is watched (:class:`ProgressMonitor`), and
    inverse kinematics make joint velocities (:class:`DifferentialIK`).

    A subclass names its settings (:attr:`config_type`) and makes its law (:meth:`make_law`). One that plans joint
    velocities itself overrides :meth:`joint_velocities`.

    The mode of a command says how it was made:

    - ``"servo"``: on a valid goal.
    - ``"coast"``: on the last valid goal, while there is no newer valid one.
    - ``"hold"``: braking as hard as the acceleration limits allow, then standing still. Reasons: ``"no_goal"``,
      ``"stale_goal"``, ``"no_ik_solution"``, ``"loop_too_slow"`` (the measured period exceeds
      :attr:`ServoControllerConfig.max_age_s`) and ``"not_progressing"`` (the joints do not move although they could; it
      tries again after a while).
    - ``"stall"``: the goal cannot be approached further. Inverse kinematics are damped, so that the arm comes to rest
      at the nearest pose, and goes on if the goal becomes reachable. Reasons: see :class:`StallDiagnosis`.

    After a hold the law starts smoothly again. All commands obey the limits of position, velocity and acceleration at
    the measured period, and kinds of command may be mixed; the velocities commanded last are taken to be those that
    the joints have.

    Attributes:
        config: The settings.
        dt: Nominal time between two commands, seconds.
        needs_gripper: Whether goals should say where the image shows the gripper.
        kinematics: The arm.
        limiter: Limits of its joints.
    """

    config_type: ClassVar[type[ServoControllerConfig]] = ServoControllerConfig
    """Class of the settings."""
    config: ServoControllerConfig

    def __init__(
        self,
        kinematics: RobotKinematics,
        config: ServoControllerConfig | Mapping[str, Any] | None = None,
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
        self.config = c = config_from_mapping(self.config_type, config)
        if c.gain_at_zero * dt >= 2.0:
            raise ConfigurationError(
                f"gain_at_zero={c.gain_at_zero!r} is unstable at dt={dt!r} s; it must be below {2.0 / dt:g}"
            )
        self.dt = dt
        self.needs_gripper = c.endpoint == "closed"
        self.kinematics = kinematics
        self.limiter = JointLimiter.of(kinematics, c.stop_margin)
        self._clock = LoopClock(dt, max(c.max_age_s, dt))
        self._goals = GoalTracking(kinematics, c, dt, self.make_memory())
        self._law = self.make_law(AdaptiveGain(c.gain_at_zero, c.gain_at_infinity, c.gain_slope))
        self._shaping = TwistShaping(c.continuity_rate, c.max_linear_speed, c.max_angular_speed)
        self._progress = ProgressMonitor(c.rotation_length)
        self._diagnosis = StallDiagnosis(kinematics, self.limiter, c.rotation_length)
        self._ik = DifferentialIK(
            kinematics,
            dt,
            limiter=self.limiter,
            rotation_length=c.rotation_length,
            home_rate=c.home_rate,
            home_cost=c.home_cost,
            singular_value=c.singular_value,
            max_damping=c.max_damping,
        )
        self.reset()

    @abstractmethod
    def make_law(self, gain: AdaptiveGain) -> ServoLaw:
        """The control law, by :attr:`config` and :attr:`kinematics`; called once.

        Args:
            gain: Rate of decay by the settings, 1/s.
        """

    def make_memory(self) -> GoalMemory:
        """The rule by which a goal is chosen; called once."""
        return GoalMemory(self.config.max_age_s, self.config.coast_s)

    def joint_velocities(self, request: MotionRequest) -> NDArray[np.float64]:
        """``(n,)`` joint velocities (rad/s) of a requested motion; they are clamped to the limits afterwards.

        This is the place to override for a controller that plans joint velocities by itself: ``request.context`` has
        the poses of gripper and goal, the goal's twist and the estimate, and ``request.twist`` the twist of the law,
        by which progress is judged.

        Raises:
            NoMotionError: If there are none.
        """
        try:
            return self._ik.solve(
                request.state.joint_positions,
                request.twist,
                request.previous,
                period=request.period,
                damping=request.damping,
                reachable=request.reachable,
            )
        except mink.NoSolutionFound as error:
            raise NoMotionError("no_ik_solution") from error

    def reset(self) -> None:
        """Forget everything: the arm is at rest and has no goal yet."""
        self._velocities = np.zeros(self.kinematics.n)
        self._servoing = False
        for part in (self._clock, self._goals, self._law, self._progress):
            part.reset()
        self._shaping.restart()

    def command(
        self, goal: ServoGoal | None, state: ServoState, residual_twist: ArrayLike | None = None
    ) -> ServoCommand:
        """Joint velocities towards a goal.

        Args:
            goal: The newest goal; ``None`` when the newest estimate is not valid.
            state: The arm now.
            residual_twist: ``(6,)`` m/s and rad/s in base axes, added to the law's twist before the speed
                limits; not used while holding.

        Raises:
            DataError: If the residual twist is not six finite numbers, or the law needs more of the goal than it has.
        """
        period = self._tick(state)
        choice = self._goals.choose(goal, state.time_s)
        if self._clock.too_slow or choice.goal is None:
            return self._hold(choice.reason if choice.goal is None else "loop_too_slow", period)
        context = self._goals.context(choice.goal, state, period, choice.mode == "servo")
        self._start(state)
        twist = self._law.twist(context) + rigid_twist(
            context.goal_twist, context.base_T_goal.as_matrix()[:3, 3], context.base_T_ee.as_matrix()[:3, 3]
        )
        residual = None if residual_twist is None else as_twist(residual_twist, "residual_twist")
        twist = self._shaping.shape(twist, state.time_s, residual)
        return self._move(twist, state, choice.mode, choice.reason, context)

    def twist_command(self, twist: ArrayLike, state: ServoState) -> ServoCommand:
        """Joint velocities of a ``(6,)`` end-effector twist (m/s, rad/s, base axes), within the speed limits."""
        period = self._tick(state)
        limited = self._shaping.limit(as_twist(twist, "twist"))
        if self._clock.too_slow:
            return self._hold("loop_too_slow", period)
        self._servoing = False
        return self._move(limited, state, "servo", "", None)

    def velocity_command(self, joint_velocities: ArrayLike, state: ServoState) -> ServoCommand:
        """The allowed ``(n,)`` joint velocities (rad/s) nearest to the requested ones, and their twist.

        Raises:
            DataError: If they are not ``(n,)`` finite numbers.
        """
        period = self._tick(state)
        requested = np.asarray(joint_velocities, dtype=float)
        if requested.shape != (self.kinematics.n,) or not all_finite(requested):
            raise DataError(
                f"{self.kinematics.robot.name} takes {self.kinematics.n} finite joint velocities, "
                f"not {joint_velocities!r}"
            )
        if self._clock.too_slow:
            return self._hold("loop_too_slow", period)
        self._servoing = False
        J = self.kinematics.jacobian(state.joint_positions)
        allowed = self.limiter.clamp(requested, state.joint_positions, self._velocities, period)
        return self._done(allowed, J @ allowed, "servo", "")

    def _tick(self, state: ServoState) -> float:
        """Take in a new state; the period (s) to plan its command for."""
        self._goals.record(state, self._velocities)
        return self._clock.tick(state.time_s)

    def _start(self, state: ServoState) -> None:
        """Start the law smoothly from the twist that the arm has, if it was not servoing."""
        if not self._servoing:
            self._law.reset()
            self._shaping.restart(self.kinematics.jacobian(state.joint_positions) @ self._velocities)
            self._servoing = True

    def _move(
        self, twist: NDArray[np.float64], state: ServoState, mode: Mode, reason: str, context: ServoContext | None
    ) -> ServoCommand:
        """Joint velocities of a twist, damped while the arm does not follow."""
        q, period, damping = state.joint_positions, self._clock.period, 0.0
        base_T_goal: RigidTransform | None = None if context is None else context.base_T_goal
        if context is not None and self.config.latency == "encoders":
            base_T_ee = context.base_T_ee  # of the same joint positions
        else:
            base_T_ee = self.kinematics.base_T_ee(q)
        if self._progress.update(state, base_T_ee, base_T_goal, twist, self._velocities, period):
            if self._progress.blocked:
                return self._hold("not_progressing", period)
            mode, reason = "stall", self._diagnosis.reason(q, twist, base_T_goal)
            if self._progress.settled:
                return self._done(self.limiter.brake(self._velocities, period), twist, mode, reason)
            damping = residual_damping(self._progress.size(twist) * period)
        reachable = self.limiter.reachable(q, self._velocities, period)
        request = MotionRequest(
            twist=twist,
            state=state,
            previous=self._velocities,
            period=period,
            reachable=reachable,
            damping=damping,
            context=context,
        )
        try:
            velocities = self.joint_velocities(request)
        except NoMotionError as error:
            return self._hold(error.reason, period)
        return self._done(between(velocities, *self.limiter.slowed(reachable)), twist, mode, reason)

    def _hold(self, reason: str, period: float) -> ServoCommand:
        self._servoing = False
        return self._done(self.limiter.brake(self._velocities, period), np.zeros(6), "hold", reason)

    def _done(
        self, velocities: NDArray[np.float64], twist: NDArray[np.float64], mode: Mode, reason: str
    ) -> ServoCommand:
        self._velocities = velocities
        return ServoCommand(velocities.copy(), twist, mode, reason)
