"""The control law of position-based visual servoing: poses in, end-effector twist out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import ConfigurationError

from .features import CartesianFeature, PoseFeature
from .gains import AdaptiveGain
from .goal_motion import rigid_twist
from .saturation import saturate_twist

__all__ = ["PBVSLaw"]


class PBVSLaw:
    """Exponential decay of a pose feature's error, with a smooth start, feed-forward and speed limits.

    With e and L of the feature, the gain g and the goal's own motion, the twist is

    ``v(t) = c(t) - (c(t0) - v0) exp(-mu (t - t0))`` with ``c = sat(-g(e) inv(L) e + v_goal)``:

    it starts from the twist v0 of the end effector at t0 instead of jumping to ``c(t0)`` (N. Mansard, F. Chaumette,
    "Task sequencing for high-level sensor-based control", IEEE Transactions on Robotics 23(1), 2007, equation 17).
    ``v_goal`` is the twist of an end effector fixed to the moving goal: it keeps e constant, so that a moving goal is
    followed without lag. Without it the end effector lags by (goal speed) / g.

    In discrete time a constant gain multiplies the error of :class:`CartesianFeature` by ``1 - g dt`` a step:
    stable for ``g dt < 2``, without overshoot for ``g dt <= 1``. Goals that are d steps late lower the first
    bound to ``2 sin(pi / (2 (2 d + 1)))`` and the second to ``d^d / (d + 1)^(d + 1)``.
    """

    def __init__(
        self,
        feature: PoseFeature | None = None,
        gain: AdaptiveGain | None = None,
        *,
        continuity_rate: float = 4.0,
        max_linear_speed: float = math.inf,
        max_angular_speed: float = math.inf,
    ) -> None:
        """Compose the law.

        Args:
            feature: Regulated feature; by default :class:`CartesianFeature`.
            gain: Rate of decay; by default a constant 1/s.
            continuity_rate: mu of the smooth start, 1/s; 0 starts with a jump.
            max_linear_speed: Largest linear speed, m/s.
            max_angular_speed: Largest angular speed, rad/s.

        Raises:
            ConfigurationError: If the rate is negative or a speed is not positive.
        """
        if not 0.0 <= continuity_rate < math.inf:
            raise ConfigurationError(f"continuity_rate must be finite and not negative, not {continuity_rate!r}")
        for name, speed in (("max_linear_speed", max_linear_speed), ("max_angular_speed", max_angular_speed)):
            if not speed > 0.0:
                raise ConfigurationError(f"{name} must be positive, not {speed!r}")
        self.feature = CartesianFeature() if feature is None else feature
        self.gain = AdaptiveGain.constant(1.0) if gain is None else gain
        self.continuity_rate = continuity_rate
        self.max_linear_speed = max_linear_speed
        self.max_angular_speed = max_angular_speed
        self.restart()

    def restart(self, twist: NDArray[np.float64] | None = None) -> None:
        """Start smoothly at the next call of :meth:`twist`.

        Args:
            twist: ``(6,)`` present twist of the end effector, base axes; at rest by default.
        """
        self._start_twist = np.zeros(6) if twist is None else np.array(twist, dtype=float)
        self._start_time: float | None = None
        self._gap = np.zeros(6)

    def twist(
        self,
        base_T_ee: RigidTransform,
        base_T_goal: RigidTransform,
        time_s: float,
        goal_twist: NDArray[np.float64] | None = None,
        residual_twist: NDArray[np.float64] | None = None,
        max_gain: float = math.inf,
    ) -> NDArray[np.float64]:
        """Twist of the end effector towards its goal.

        Args:
            base_T_ee: Pose of the end effector in the base frame.
            base_T_goal: Pose that it should have.
            time_s: Time now, seconds.
            goal_twist: ``(6,)`` twist of the goal at its own origin, base axes; at rest by default.
            residual_twist: ``(6,)`` added to the law's twist before the speed limits; zero by default.
            max_gain: Bound of the gain, 1/s; the inverse of the loop's period avoids overshoot.

        Returns:
            ``(6,)`` m/s and rad/s, base axes at the end effector's origin, within the speed limits.
        """
        error = self.feature.error(base_T_ee, base_T_goal)
        twist = self.feature.twist(base_T_ee, base_T_goal, min(self.gain(error), max_gain))
        if goal_twist is not None:
            twist = twist + rigid_twist(goal_twist, base_T_goal.translation, base_T_ee.translation)
        twist = self._smooth(self._saturate(twist), time_s)
        if residual_twist is not None:
            twist = twist + residual_twist
        return self._saturate(twist)

    def _saturate(self, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        return saturate_twist(twist, self.max_linear_speed, self.max_angular_speed)

    def _smooth(self, twist: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        if self.continuity_rate == 0.0:
            return twist
        if self._start_time is None:
            self._start_time = time_s
            self._gap = twist - self._start_twist
        return twist - self._gap * math.exp(-self.continuity_rate * max(time_s - self._start_time, 0.0))
