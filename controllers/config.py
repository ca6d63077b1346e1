"""Settings of the position-based controller."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ctr_env.errors import ConfigurationError

from .endpoint import ENDPOINTS
from .features import FEATURES
from .goal_motion import FEED_FORWARD

__all__ = ["PBVSConfig"]

_POSITIVE = (
    "gain_at_zero",
    "gain_at_infinity",
    "max_linear_speed",
    "max_angular_speed",
    "feed_forward_time_constant",
    "max_age_s",
    "endpoint_time_constant",
    "rotation_length",
    "posture_cost",
    "singular_value",
    "max_damping",
)
_NOT_NEGATIVE = ("gain_slope", "continuity_rate", "coast_s", "posture_rate", "stop_margin")


@dataclass(frozen=True, kw_only=True)
class PBVSConfig:
    """Settings of :class:`~ctr_env.controllers.PBVSController`.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

    feature: str = "cartesian"
    """``"cartesian"``: the gripper moves straight to its goal. ``"image"``: the goal moves straight in the
    picture of a camera on the gripper."""
    gain_at_zero: float = 4.0
    """Gain of a vanishing error, 1/s."""
    gain_at_infinity: float = 2.5
    """Gain of a large error, 1/s; equal to ``gain_at_zero`` for a constant gain."""
    gain_slope: float = 20.0
    """Decrease of the gain per unit of error (the larger of m and rad) at zero error, 1/s."""
    continuity_rate: float = 4.0
    """Rate of the smooth start, 1/s; 0 starts with a jump."""
    max_linear_speed: float = 0.5
    """Largest speed of the end effector, m/s."""
    max_angular_speed: float = 1.5
    """Largest angular speed of the end effector, rad/s."""
    feed_forward: str = "given"
    """What of the goal's own motion is used: ``"given"`` (the goal's twist where it has one), ``"estimate"``
    (also estimated from successive goals: for moving goals only, it amplifies noise) or ``"off"``."""
    feed_forward_time_constant: float = 0.2
    """Time constant of the filter of the estimated goal motion, s."""
    max_age_s: float = 0.5
    """Age of a goal's picture beyond which the goal is stale, s."""
    endpoint: str = "open"
    """``"open"``: the gripper is where estimate and encoders have it, and what is wrong with them stays as an error.
    ``"closed"``: it is where the picture shows it, slowly averaged; needs an estimator that sees the gripper."""
    endpoint_time_constant: float = 1.0
    """Time constant of that average, s: longer is calmer, and later free of error."""
    coast_s: float = 0.5
    """How long the last good goal is servoed on when there is none, s; then the arm holds."""
    rotation_length: float = 0.3
    """What an unachievable radian counts as against unachievable metres, m."""
    posture_rate: float = 0.5
    """Rate at which a redundant arm approaches its home posture, 1/s."""
    posture_cost: float = 3e-4
    """Cost of a radian of posture error in metres of position error, m/rad."""
    singular_value: float = 0.02
    """Smallest singular value of the Jacobian (weighed by ``rotation_length``) that is not damped, m/rad."""
    max_damping: float = 0.02
    """Damping in an exactly singular posture, m/rad."""
    stop_margin: float = 0.01
    """Distance kept from the joint stops, rad."""

    def __post_init__(self) -> None:
        """Check every value."""
        _require_name("feature", self.feature, tuple(FEATURES))
        _require_name("feed_forward", self.feed_forward, FEED_FORWARD)
        _require_name("endpoint", self.endpoint, ENDPOINTS)
        for name in (*_POSITIVE, *_NOT_NEGATIVE):
            value = getattr(self, name)
            if not _is_number(value) or value < 0.0 or (value == 0.0 and name in _POSITIVE):
                wanted = "positive" if name in _POSITIVE else "zero or positive"
                raise ConfigurationError(f"PBVSConfig.{name} must be a {wanted} number, not {value!r}")
        if self.gain_at_infinity > self.gain_at_zero:
            raise ConfigurationError(
                f"PBVSConfig.gain_at_infinity must not exceed gain_at_zero, "
                f"not {self.gain_at_infinity!r} and {self.gain_at_zero!r}"
            )


def _require_name(field: str, value: object, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ConfigurationError(f"unknown PBVSConfig.{field} {value!r}; valid names: {', '.join(valid)}")


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
