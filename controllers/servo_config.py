"""Settings that all packaged controllers share."""

from __future__ import annotations

from dataclasses import dataclass

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import require_choice, require_range

from .endpoint import ENDPOINTS
from .goal_motion import FEED_FORWARD
from .latency import LATENCY

__all__ = ["ServoControllerConfig"]

_POSITIVE = (
    "gain_at_zero",
    "gain_at_infinity",
    "max_linear_speed",
    "max_angular_speed",
    "feed_forward_time_constant",
    "max_age_s",
    "endpoint_time_constant",
    "rotation_length",
    "home_cost",
    "singular_value",
    "max_damping",
)
_NOT_NEGATIVE = ("gain_slope", "continuity_rate", "coast_s", "home_rate", "stop_margin")


@dataclass(frozen=True, kw_only=True)
class ServoControllerConfig:
    """Settings of every :class:`~ctr_env.controllers.ServoController`; each controller adds those of its law.

    Raises:
        ConfigurationError: If a value is out of its range or a name is unknown; the message lists what is valid.
    """

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
    """Source of the goal's velocity: ``"given"`` (the goal's twist where it has one), ``"estimate"`` (also estimated
    from successive goals; for moving goals only, as it amplifies noise) or ``"off"``."""
    feed_forward_time_constant: float = 0.2
    """Time constant of the filter of the estimated goal motion, s."""
    latency: str = "encoders"
    """What is assumed of the motion since the goal's image was taken: ``"encoders"`` (the error is that of the gripper
    where the encoders have it now), ``"predicted"`` (where the velocities commanded since the image would have moved
    it: a Smith predictor) or ``"none"`` (the error is that of the image's instant, uncompensated)."""
    max_age_s: float = 0.5
    """Age of a goal's image beyond which the goal is stale, and period beyond which the control loop is too slow, s."""
    endpoint: str = "open"
    """``"open"``: the gripper's pose is that of estimate and encoders, whose errors remain as an error of the gripper.
    ``"closed"``: it is the pose observed in the image, averaged; needs an estimator that observes the gripper."""
    endpoint_time_constant: float = 1.0
    """Time constant of that average, s: a longer one suppresses more noise and removes the error later."""
    coast_s: float = 0.5
    """Time for which the last valid goal is used while there is none, s; then the arm holds."""
    rotation_length: float = 0.3
    """Length that weights a radian of rotation against translation, m."""
    home_rate: float = 0.5
    """Rate at which a redundant arm approaches its home joint configuration, 1/s."""
    home_cost: float = 3e-4
    """Cost of a radian of distance from the home joint configuration, in metres of position error, m/rad."""
    singular_value: float = 0.02
    """Smallest singular value of the Jacobian (weighted by ``rotation_length``) that is not damped, m/rad."""
    max_damping: float = 0.02
    """Damping in an exactly singular joint configuration, m/rad."""
    stop_margin: float = 0.01
    """Distance kept from the joint stops, rad."""

    def __post_init__(self) -> None:
        """Check every value."""
        name = type(self).__name__
        require_choice(f"{name}.feed_forward", self.feed_forward, FEED_FORWARD)
        require_choice(f"{name}.latency", self.latency, LATENCY)
        require_choice(f"{name}.endpoint", self.endpoint, ENDPOINTS)
        require_range(self, 1e-9, 1e6, *_POSITIVE)
        require_range(self, 0.0, 1e6, *_NOT_NEGATIVE)
        if self.gain_at_infinity > self.gain_at_zero:
            raise ConfigurationError(
                f"{name}.gain_at_infinity must not exceed gain_at_zero, "
                f"not {self.gain_at_infinity!r} and {self.gain_at_zero!r}"
            )
