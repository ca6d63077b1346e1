"""Metrics of one episode."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.envs.success import POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD

from .trace import Trace

__all__ = ["ERRORS", "METRICS", "episode_metrics"]

ERRORS = (
    *("true_position_error_m", "true_rotation_error_rad"),
    *("apparent_position_error_m", "apparent_rotation_error_rad"),
    *("estimate_position_error_m", "estimate_rotation_error_rad"),
)
"""Errors that are averaged over the last second."""
METRICS = (
    *ERRORS,
    *("tracking_position_error_m", "tracking_rotation_error_rad", "settling_time_s"),
    *("path_length_m", "path_ratio", "joint_limit_time_s", "arm_in_view_share", "valid_share"),
)
"""Metrics of an episode that are summarised."""

_LAST_S = 1.0
_TRACKING_FROM_S = 3.0
_ARM_IN_VIEW = 0.3  # smallest share of the arm in the image in frames that count for arm_in_view_share


def episode_metrics(trace: Trace) -> dict[str, Any]:
    """Metrics of an episode, as the ``servo`` result file lists them.

    Estimate errors and apparent errors are means over the frames of the last second with a valid estimate, ``None`` if
    there are none. The settling time is ``None`` if the episode does not settle. ``failure`` is ``None`` for a success;
    otherwise the estimator's most frequent reason if most estimates of the last second are invalid,
    ``"estimate_error"`` if the apparent errors are within tolerance, ``"joint_limit"`` or ``"not_converged"``.
    """
    time = trace["time_s"]
    last = time > time[-1] - _LAST_S
    tracking = time > _TRACKING_FROM_S
    success = bool(trace["is_success"][-1])
    valid = last & trace["estimate_valid"]
    metrics: dict[str, Any] = {
        "seed": trace.seed,
        "success": success,
        "failure": None if success else _failure(trace, last),
        "has_estimate": bool(trace["estimate_valid"][last].mean() > 0.5),
    }
    for name in ERRORS:
        frames = last if name.startswith("true_") else valid
        metrics[name] = float(trace[name][frames].mean()) if frames.any() else None
    for name in ("position_error_m", "rotation_error_rad"):
        metrics[f"tracking_{name}"] = float(np.mean(trace[f"true_{name}"][tracking])) if tracking.any() else None
    path = trace["gripper_base_m"]
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    distance = float(np.linalg.norm(path[-1] - path[0]))
    step = float(time[1] - time[0])
    metrics |= {
        "settling_time_s": _settling_time(trace),
        "path_length_m": length,
        "path_ratio": length / distance if distance > 1e-3 else None,
        "joint_limit_time_s": float(trace["at_joint_limit"].sum() * step),
        "arm_in_view_share": float((trace["arm_in_view"] >= _ARM_IN_VIEW).mean()),
        "valid_share": float(trace["estimate_valid"].mean()),
    }
    return metrics


def _settling_time(trace: Trace) -> float | None:
    """Time after which the true errors stay within tolerance, seconds; ``None`` if they do not at the end."""
    inside = (trace["true_position_error_m"] < POSITION_TOLERANCE_M) & (
        trace["true_rotation_error_rad"] < ROTATION_TOLERANCE_RAD
    )
    if not inside[-1]:
        return None
    outside = np.flatnonzero(~inside)
    return float(trace["time_s"][outside[-1] + 1]) if len(outside) else 0.0


def _failure(trace: Trace, last: NDArray[np.bool_]) -> str:
    reasons = Counter(str(reason) for reason in trace["estimate_reason"][last] if str(reason))
    if reasons and not trace["estimate_valid"][last].mean() > 0.5:
        return reasons.most_common(1)[0][0]
    apparent = (
        trace["apparent_position_error_m"][last].mean(),
        trace["apparent_rotation_error_rad"][last].mean(),
    )
    if apparent[0] < POSITION_TOLERANCE_M and apparent[1] < ROTATION_TOLERANCE_RAD:
        return "estimate_error"
    return "joint_limit" if trace["at_joint_limit"][last].all() else "not_converged"
