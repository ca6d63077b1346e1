"""The control law of position-based visual servoing: poses in, end-effector twist out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from .features import CartesianFeature, PoseFeature
from .gains import AdaptiveGain
from .goal_motion import rigid_twist
from .law import ServoContext, ServoLaw
from .twist_shaping import TwistShaping

__all__ = ["PBVSLaw", "PoseLaw"]


class PoseLaw(ServoLaw):
    """``twist = -g(e) inv(L) e`` with error e and interaction matrix L of a pose feature."""

    def __init__(self, feature: PoseFeature, gain: AdaptiveGain) -> None:
        """Set the regulated feature and the rate of decay."""
        self.feature = feature
        self.gain = gain

    def twist(self, context: ServoContext) -> NDArray[np.float64]:
        """``(6,)`` twist towards the goal, m/s and rad/s in base axes."""
        return self.decay(context.base_T_ee, context.base_T_goal, context.max_gain)

    def decay(
        self, base_T_ee: RigidTransform, base_T_goal: RigidTransform, max_gain: float = math.inf
    ) -> NDArray[np.float64]:
        """The same from the two poses and a bound of the gain (1/s)."""
        error = self.feature.error(base_T_ee, base_T_goal)
        return min(self.gain(error), max_gain) * self.feature.decay(error, base_T_ee, base_T_goal)


class PBVSLaw:
    """Exponential decay of a pose feature's error, with a smooth start, feed-forward and speed limits.

    With e and L of the feature, the gain g and the goal's own motion, the twist is

    ``v(t) = c(t) - (c(t0) - v0) exp(-mu (t - t0))`` with ``c = sat(-g(e) inv(L) e + v_goal)``:

    it starts from the twist v0 of the end effector at t0 instead of jumping to ``c(t0)`` (see :class:`TwistShaping`).
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
        self.feature = CartesianFeature() if feature is None else feature
        self.gain = AdaptiveGain.constant(1.0) if gain is None else gain
        self._shaping = TwistShaping(continuity_rate, max_linear_speed, max_angular_speed)

    def restart(self, twist: NDArray[np.float64] | None = None) -> None:
        """Start smoothly at the next call of :meth:`twist`.

        Args:
            twist: ``(6,)`` present twist of the end effector, base axes; at rest by default.
        """
        self._shaping.restart(twist)

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
        twist = PoseLaw(self.feature, self.gain).decay(base_T_ee, base_T_goal, max_gain)
        if goal_twist is not None:
            twist = twist + rigid_twist(goal_twist, base_T_goal.translation, base_T_ee.translation)
        return self._shaping.shape(twist, time_s, residual_twist)
