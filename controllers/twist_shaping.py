"""From the twist of a law to the twist that is requested: smooth start and speed limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError

from .saturation import saturate_twist

__all__ = ["TwistShaping"]


class TwistShaping:
    """Smooth start and speed limits of an end-effector twist.

    With the twist c of a law, limited in speed, the result is ``v(t) = c(t) - (c(t0) - v0) exp(-mu (t - t0))``: it
    starts from the twist v0 of the end effector at t0 instead of jumping to ``c(t0)`` (N. Mansard, F. Chaumette, "Task
    sequencing for high-level sensor-based control", IEEE Transactions on Robotics 23(1), 2007, equation 17).
    """

    def __init__(
        self,
        continuity_rate: float = 4.0,
        max_linear_speed: float = math.inf,
        max_angular_speed: float = math.inf,
    ) -> None:
        """Set rate and limits.

        Args:
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
        self.continuity_rate = continuity_rate
        self.max_linear_speed = max_linear_speed
        self.max_angular_speed = max_angular_speed
        self.restart()

    def restart(self, twist: NDArray[np.float64] | None = None) -> None:
        """Start smoothly at the next call of :meth:`shape`.

        Args:
            twist: ``(6,)`` present twist of the end effector, base axes; at rest by default.
        """
        self._start_twist = np.zeros(6) if twist is None else np.array(twist, dtype=float)
        self._start_time: float | None = None
        self._gap = np.zeros(6)

    def shape(
        self, twist: NDArray[np.float64], time_s: float, residual_twist: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """The requested twist.

        Args:
            twist: ``(6,)`` twist of the law, feed-forward included, m/s and rad/s.
            time_s: Time now, seconds.
            residual_twist: ``(6,)`` added after the smooth start and before the speed limits; zero by default.

        Returns:
            ``(6,)`` m/s and rad/s, within the speed limits.
        """
        twist = self._smooth(self.limit(twist), time_s)
        return self.limit(twist if residual_twist is None else twist + residual_twist)

    def limit(self, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        """The ``(6,)`` twist within the speed limits, without a smooth start."""
        return saturate_twist(twist, self.max_linear_speed, self.max_angular_speed)

    def _smooth(self, twist: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        if self.continuity_rate == 0.0:
            return twist
        if self._start_time is None:
            self._start_time = time_s
            self._gap = twist - self._start_twist
        return twist - self._gap * math.exp(-self.continuity_rate * max(time_s - self._start_time, 0.0))
