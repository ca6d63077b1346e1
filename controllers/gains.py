"""Gains, the rates at which errors decay: constant and adaptive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ctr_env.errors import ConfigurationError

__all__ = ["AdaptiveGain"]


@dataclass(frozen=True)
class AdaptiveGain:
    """Gain that grows as the error falls: low far from the goal, high near it.

    ``gain(x) = (g0 - ginf) exp(-slope * x / (g0 - ginf)) + ginf`` with x the infinity norm of the error, as
    in ViSP (E. Marchand, F. Spindler, F. Chaumette, "ViSP for visual servoing", 2005, class
    ``vpAdaptiveGain``). Equal values at zero and at infinity give a constant gain.

    Attributes:
        at_zero: g0, gain of a vanishing error, 1/s.
        at_infinity: ginf, gain of a large error, 1/s.
        slope: Decrease of the gain per unit of error at zero error, 1/s per m (or rad).

    Raises:
        ConfigurationError: If a value is not finite, ``at_infinity`` is not positive or exceeds ``at_zero``, or the
            slope is negative.
    """

    at_zero: float
    at_infinity: float
    slope: float

    def __post_init__(self) -> None:
        """Check that the gains converge."""
        if not 0.0 < self.at_infinity <= self.at_zero < np.inf:
            raise ConfigurationError(
                f"gains must satisfy 0 < at_infinity <= at_zero, "
                f"not at_infinity={self.at_infinity!r}, at_zero={self.at_zero!r}"
            )
        if not 0.0 <= self.slope < np.inf:
            raise ConfigurationError(f"the slope of a gain must be finite and not negative, not {self.slope!r}")

    @classmethod
    def constant(cls, value: float) -> AdaptiveGain:
        """The same gain (1/s) for every error."""
        return cls(value, value, 0.0)

    def __call__(self, error: ArrayLike) -> float:
        """Gain (1/s) for an error vector of any length."""
        drop = self.at_zero - self.at_infinity
        if drop == 0.0:
            return self.at_zero
        size = float(np.abs(error).max())
        return float(drop * np.exp(-self.slope * size / drop) + self.at_infinity)
