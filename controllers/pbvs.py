"""The control law of position-based visual servoing: poses in, end-effector twist out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from .features import PoseFeature
from .gains import AdaptiveGain
from .law import ServoContext, ServoLaw

__all__ = ["PoseLaw"]


class PoseLaw(ServoLaw):
    """``twist = -g(e) inv(L) e`` with error e and interaction matrix L of a pose feature.

    In discrete time a constant gain multiplies the error of :class:`CartesianFeature` by ``1 - g dt`` a step:
    stable for ``g dt < 2``, without overshoot for ``g dt <= 1``. Goals that are d steps late lower the first
    bound to ``2 sin(pi / (2 (2 d + 1)))`` and the second to ``d^d / (d + 1)^(d + 1)``.
    """

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
