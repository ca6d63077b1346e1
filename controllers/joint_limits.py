"""Limits of joint velocity from which the joints can always brake before their stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["Bounds", "JointLimiter", "between", "fastest_approach"]

_FAR = 1e6
"""Distance (rad) that stands for that of a joint without stops."""

_MORE = 1.0 + 1e-9
"""Factor that covers the rounding of a braking distance."""

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]
"""``(n,)`` lowest and ``(n,)`` highest joint velocities, rad/s."""


@dataclass(frozen=True)
class JointLimiter:
    """Limits of position, velocity and acceleration of joints that are commanded by velocity, one by one.

    A commanded velocity is held for one step of ``dt`` seconds; the previous command is assumed to be the joint's
    present velocity. Where the limits contradict each other (a measured position jumped beyond a stop at full
    speed), the acceleration limit takes precedence: the joint brakes with its largest deceleration. That command is
    always within :meth:`bounds`, which are therefore never empty. Bounds in closed form follow F. Flacco, A. De Luca,
    O. Khatib, "Control of Redundant Robots Under Hard Joint Constraints: Saturation in the Null Space", IEEE
    Transactions on Robotics 31(3), 2015; the braking distance here is that of discrete time and thus exact.

    Attributes:
        lower: ``(n,)`` lower stops, rad; -inf for none.
        upper: ``(n,)`` upper stops, rad; inf for none.
        velocity: ``(n,)`` largest speeds, rad/s.
        acceleration: ``(n,)`` largest changes of velocity, rad/s².

    Raises:
        ConfigurationError: If the shapes differ, a range is empty, or a largest value is not positive.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    velocity: NDArray[np.float64]
    acceleration: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and ranges."""
        for name in ("lower", "upper", "velocity", "acceleration"):
            value = np.array(getattr(self, name), dtype=float)
            object.__setattr__(self, name, value)
            if value.ndim != 1 or value.shape != self.lower.shape:
                raise ConfigurationError(f"JointLimiter.{name} must have the shape of lower, not {value.shape}")
        if not (self.lower < self.upper).all():
            raise ConfigurationError(f"JointLimiter.lower must be below upper, not {self.lower} and {self.upper}")
        for name in ("velocity", "acceleration"):
            if not (getattr(self, name) > 0.0).all():
                raise ConfigurationError(f"JointLimiter.{name} must be positive, not {getattr(self, name)}")

    @classmethod
    def of(cls, kinematics: RobotKinematics, stop_margin: float = 0.0) -> JointLimiter:
        """Limits of an arm, its stops moved inwards by ``stop_margin`` (rad)."""
        return cls(
            kinematics.lower + stop_margin,
            kinematics.upper - stop_margin,
            kinematics.velocity_limits,
            kinematics.acceleration_limits,
        )

    def reachable(self, positions: ArrayLike, previous: ArrayLike, dt: float) -> Bounds:
        """Velocities within the acceleration limits from which the joints can still brake before their stops.

        A joint at or beyond a stop may return at any speed, but not move further.

        Args:
            positions: ``(n,)`` rad.
            previous: ``(n,)`` velocities commanded last, rad/s.
            dt: Length of a step, seconds.

        Returns:
            ``(n,)`` lowest and ``(n,)`` highest velocities, rad/s.
        """
        q, v = np.asarray(positions, dtype=float), np.asarray(previous, dtype=float)
        change = self.acceleration * dt
        slowest, fastest = v - change, v + change
        speed = np.abs(v) + change
        slack = np.minimum(q - self.lower, self.upper - q)
        if (slack > _MORE * speed * (0.5 * speed / self.acceleration + dt)).all():  # more than their braking distances
            return slowest, fastest
        down, up = fastest_approach(np.array([q - self.lower, self.upper - q]), self.acceleration, dt)
        return between(-down, slowest, fastest), between(up, slowest, fastest)

    def bounds(self, positions: ArrayLike, previous: ArrayLike, dt: float) -> Bounds:
        """:meth:`reachable` velocities within the velocity limits as well; same arguments and result."""
        return self.slowed(self.reachable(positions, previous, dt))

    def slowed(self, reachable: Bounds) -> Bounds:
        """:meth:`reachable` velocities, computed already, within the velocity limits as well."""
        low, high = reachable
        return between(low, -self.velocity, self.velocity), between(high, -self.velocity, self.velocity)

    def clamp(self, velocities: ArrayLike, positions: ArrayLike, previous: ArrayLike, dt: float) -> NDArray[np.float64]:
        """``(n,)`` allowed velocities nearest to the requested ones; arguments as of :meth:`bounds`."""
        return between(np.asarray(velocities, dtype=float), *self.bounds(positions, previous, dt))

    def brake(self, previous: ArrayLike, dt: float) -> NDArray[np.float64]:
        """``(n,)`` velocities nearest to rest that the acceleration limits allow, rad/s."""
        v = np.asarray(previous, dtype=float)
        return v - np.clip(v, -self.acceleration * dt, self.acceleration * dt)


def fastest_approach(distance: ArrayLike, acceleration: ArrayLike, dt: float) -> NDArray[np.float64]:
    """Highest velocity for the next step after which a joint can still stop within a distance.

    A joint that moves at u for one step and then loses ``a dt`` a step comes to rest after
    ``dt ((k + 1) u - a dt k (k + 1) / 2)`` with ``k = floor(u / (a dt))`` braking steps. This is the inverse
    of that function, which is continuous and increasing.

    Args:
        distance: ``(..., n)`` distance to the stop, rad; negative counts as zero.
        acceleration: ``(n,)`` a, rad/s².
        dt: Length of a step, seconds.

    Returns:
        ``(..., n)`` rad/s, not negative.
    """
    s = between(np.asarray(distance, dtype=float), 0.0, _FAR)
    loss = np.asarray(acceleration, dtype=float) * dt
    k = np.floor(0.5 * (np.sqrt(1.0 + 8.0 * s / (loss * dt)) - 1.0))
    return np.asarray(s / ((k + 1.0) * dt) + 0.5 * k * loss)


def between(values: NDArray[np.float64], low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """``np.clip``, in half of the time for a few numbers."""
    return np.minimum(np.maximum(values, low), high)
