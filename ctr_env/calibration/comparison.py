"""What may be wrong with a set-up, with the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ctr_env.estimators.mirrored import Mirror

__all__ = ["Comparison"]

_VERY_STRONG = 10.0  # twice the logarithm of a Bayes factor, after Kass and Raftery (1995)


@dataclass(frozen=True)
class Comparison:
    """A block of parameters with the evidence for it.

    Attributes:
        name: Name in :data:`~ctr_env.estimators.ctrnet.setup.PARAMETERS`.
        estimated: Whether the final solution estimates it.
        reason: Why it is held fixed; empty if it is not.
        values: Its deviations from readings and intrinsics as given, in the solution that estimates it: rad, s, log of
            the factor, pixels, or differences of ``k1`` and ``k2``; empty where that was not tried.
        std: Their standard deviations.
        evidence: Twice the logarithm of the Bayes factor for estimating it; NaN where that was not tried.
        bic_gain: Fall of the Bayesian information criterion when it is estimated, whatever the images determine of it;
            likewise.
        inlier_ratios: Contour inlier ratios without and with it; NaN where that was not tried.
    """

    name: str
    estimated: bool
    reason: str = ""
    values: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    std: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    evidence: float = np.nan
    bic_gain: float = np.nan
    inlier_ratios: tuple[float, float] = (np.nan, np.nan)

    @property
    def evident(self) -> bool:
        """Whether there is very strong evidence for it."""
        return self.evidence >= _VERY_STRONG

    def reflected(self, mirror: Mirror) -> Comparison:
        """The same of the robot whose mirror image was calibrated."""
        signs: NDArray[np.float64] = np.ones(len(self.values))
        if self.name == "joint_offsets" and len(self.values):
            signs = mirror.joints(signs)
        elif self.name == "principal_point" and len(self.values):
            signs = np.array([-1.0, 1.0])
        return replace(self, values=signs * self.values)
