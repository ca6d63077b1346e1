"""Metrics of the response to the initial error: settling times and overshoot.

Where success is not of the gripper (:attr:`Trace.tolerances` is ``None``), the gripper's errors do not have to vanish:
the settling time is that of the environment's own success, and the other metrics are undefined.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .trace import Trace

__all__ = ["apparent_settling_time", "overshoot", "relative_settling_time", "settling_time"]

_RELATIVE = 0.05  # share of the initial error
_LEAST = {"position_error_m": 1e-3, "rotation_error_rad": 1e-2}  # initial errors that have an overshoot


def settling_time(trace: Trace) -> float | None:
    """Time after which both true errors stay within the tolerances of success, seconds; ``None`` if they do not.

    Without tolerances, the time after which the episode stays a success, with the time that it must be held.
    """
    if trace.tolerances is None:
        return _since(trace, trace["is_success"])
    return _time_within(trace, "true", *trace.tolerances)


def apparent_settling_time(trace: Trace) -> float | None:
    """The same of the apparent errors, the frames before the first valid estimate being outside.

    Papers that measure errors by the camera itself report this time.
    """
    return None if trace.tolerances is None else _time_within(trace, "apparent", *trace.tolerances)


def relative_settling_time(trace: Trace) -> float | None:
    """Time after which both true errors stay within 5 % of their initial values, seconds; ``None`` if they do not.

    Where 5 % of an initial error is less than the tolerance of success, that tolerance takes its place.
    """
    least = trace.tolerances
    if least is None:
        return None
    position = max(_RELATIVE * float(trace["true_position_error_m"][0]), least[0])
    rotation = max(_RELATIVE * float(trace["true_rotation_error_rad"][0]), least[1])
    return _time_within(trace, "true", position, rotation)


def overshoot(trace: Trace, name: str) -> float | None:
    """How far the gripper goes beyond its goal in the direction of the initial error, metres or radians.

    The error vector (goal minus gripper) is projected onto its initial direction; the overshoot is the largest negative
    value of this component, zero if there is none.

    Args:
        trace: The episode.
        name: ``"position_error_m"`` or ``"rotation_error_rad"``.

    Returns:
        ``None`` if the initial error is below 1 mm or 0.01 rad, or the trace has no tolerances or no error vectors.
    """
    errors = trace.series.get(f"{name.rpartition('_')[0]}_vector_{name.rpartition('_')[2]}")
    if errors is None or trace.tolerances is None:
        return None
    size = float(np.linalg.norm(errors[0]))
    if size < _LEAST[name]:
        return None
    return float(max(0.0, -np.min(errors @ errors[0]) / size))


def _time_within(trace: Trace, kind: str, position: float, rotation: float) -> float | None:
    """Time after which errors stay below two bounds; ``None`` if they are not at the end."""
    inside: NDArray[np.bool_] = (trace[f"{kind}_position_error_m"] < position) & (
        trace[f"{kind}_rotation_error_rad"] < rotation
    )
    if kind == "apparent":
        inside = inside & trace["estimate_known"]
    return _since(trace, inside)


def _since(trace: Trace, inside: NDArray[np.bool_]) -> float | None:
    """Time after which a condition holds to the end; ``None`` if it does not."""
    if not inside[-1]:
        return None
    outside = np.flatnonzero(~inside)
    return float(trace["time_s"][outside[-1] + 1]) if len(outside) else 0.0
