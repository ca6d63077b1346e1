"""The criterion of success."""

from __future__ import annotations

import numpy as np

__all__ = ["HOLD_S", "POSITION_TOLERANCE_M", "ROTATION_TOLERANCE_RAD", "SuccessMonitor"]

POSITION_TOLERANCE_M = 0.005
"""Largest true position error of success, metres."""
ROTATION_TOLERANCE_RAD = float(np.radians(1.0))
"""Largest true rotation error of success, radians."""
HOLD_S = 0.5
"""Time that both errors must stay within tolerance, seconds."""


class SuccessMonitor:
    """Checks whether the errors have stayed within tolerance for the last :data:`HOLD_S`."""

    def __init__(self, position_m: float = POSITION_TOLERANCE_M, rotation_rad: float = ROTATION_TOLERANCE_RAD) -> None:
        """Begin outside the tolerances, by default those of the success criterion."""
        self._position_m, self._rotation_rad = position_m, rotation_rad
        self._since: float | None = None

    def update(self, time_s: float, position_error_m: float, rotation_error_rad: float) -> bool:
        """Record the errors of a time (later than the last); whether this is a success."""
        if not (position_error_m < self._position_m and rotation_error_rad < self._rotation_rad):
            self._since = None
            return False
        if self._since is None:
            self._since = time_s
        return time_s - self._since >= HOLD_S - 1e-6
