"""Metrics of one episode."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image_motion import depth_excursion, lost_from_view_share, max_image_excursion
from .joint_motion import limit_hits, peak_joint_jerk, peak_joint_velocity
from .step_response import apparent_settling_time, overshoot, relative_settling_time, settling_time
from .trace import Trace

__all__ = ["ERRORS", "METRICS", "OBSERVATION", "episode_metrics"]

ERRORS = (
    *("true_position_error_m", "true_rotation_error_rad"),
    *("apparent_position_error_m", "apparent_rotation_error_rad"),
    *("estimate_position_error_m", "estimate_rotation_error_rad"),
)
"""Errors that are averaged over the last second."""
OBSERVATION = (
    *("episode_estimate_position_error_m", "episode_estimate_rotation_error_rad"),
    *("estimate_position_std_m", "estimate_rotation_std_rad"),
    *("episode_estimate_position_std_m", "episode_estimate_rotation_std_rad"),
    "visible_share",
)
"""How well the arm could be observed: errors of the estimate, what it claims of them, visible share of the arm."""
METRICS = (
    *ERRORS,
    *("tracking_position_error_m", "tracking_rotation_error_rad"),
    *("settling_time_s", "settling_time_5pct_s", "apparent_settling_time_s", "overshoot_m", "overshoot_rad"),
    *("path_length_m", "path_ratio", "joint_limit_time_s", "limit_hits"),
    *("max_image_excursion", "lost_from_view_share", "depth_excursion_m"),
    *("peak_joint_velocity_rad_s", "peak_joint_jerk_rad_s3", "arm_in_view_share", "valid_share"),
    *OBSERVATION,
)
"""Metrics of an episode that are summarised."""

_LAST_S = 1.0
_TRACKING_FROM_S = 3.0
_ARM_IN_VIEW = 0.3  # smallest share of the arm in the image in frames that count for arm_in_view_share


def episode_metrics(trace: Trace) -> dict[str, Any]:
    """Metrics of an episode, as the ``servo`` result file and the rows of a study have them.

    A metric is ``None`` where it is undefined, such as the settling time of an episode that does not settle, or where
    an older trace lacks its series.

    - ``success``: the environment's criterion at the end (both true errors within 5 mm and 1° for half a second; in
      ``Reach`` and ``Follow`` environments the true position error within their tolerance; in ``Grasp`` and ``Push``
      environments the block lifted, or near its goal, for half a second).
    - ``true_…``, ``apparent_…``, ``estimate_…``: steady-state errors, means of the last second; those of apparent and
      estimate errors over its frames with a valid estimate.
    - ``tracking_…``: means of the true errors from 3 s on.
    - ``settling_time_s``, ``settling_time_5pct_s``, ``apparent_settling_time_s``, ``overshoot_m``, ``overshoot_rad``:
      see :mod:`ctr_env.evaluation.servo.step_response`.
    - ``path_length_m``: length of the gripper's path; ``path_ratio``: the same by the distance of its ends.
    - ``max_image_excursion``, ``lost_from_view_share``, ``depth_excursion_m``: see
      :mod:`ctr_env.evaluation.servo.image_motion`.
    - ``limit_hits``, ``peak_joint_velocity_rad_s``, ``peak_joint_jerk_rad_s3``: see
      :mod:`ctr_env.evaluation.servo.joint_motion`; ``joint_limit_time_s``: time within 0.02 rad of a joint stop.
    - ``arm_in_view_share``: share of frames that show at least 30 % of the arm; ``valid_share``: of those with a valid
      estimate; ``has_estimate``: whether most of the last second's are; ``visible_share``: mean visible share of the
      arm.
    - ``estimate_…_std_…``: standard deviations that the estimate claims, means over the frames of the last second with
      a valid estimate; ``episode_estimate_…``: errors and standard deviations, the same over the whole episode.
    - ``failure``: ``None`` for a success; otherwise the estimator's most frequent reason if most estimates of the last
      second are invalid, ``"estimate_error"`` if the apparent errors are within the tolerances of the gripper,
      ``"joint_limit"`` or ``"not_converged"``. ``failure_detail``: a sentence with its figures.
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
        "failure_detail": None if success else _detail(trace, last),
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
        "settling_time_s": settling_time(trace),
        "settling_time_5pct_s": relative_settling_time(trace),
        "apparent_settling_time_s": apparent_settling_time(trace),
        "overshoot_m": overshoot(trace, "position_error_m"),
        "overshoot_rad": overshoot(trace, "rotation_error_rad"),
        "path_length_m": length,
        "path_ratio": length / distance if distance > 1e-3 else None,
        "joint_limit_time_s": float(trace["at_joint_limit"].sum() * step),
        "limit_hits": limit_hits(trace),
        "max_image_excursion": max_image_excursion(trace),
        "lost_from_view_share": lost_from_view_share(trace),
        "depth_excursion_m": depth_excursion(trace),
        "peak_joint_velocity_rad_s": peak_joint_velocity(trace),
        "peak_joint_jerk_rad_s3": peak_joint_jerk(trace),
        "arm_in_view_share": float((trace["arm_in_view"] >= _ARM_IN_VIEW).mean()),
        "valid_share": float(trace["estimate_valid"].mean()),
    }
    return metrics | _observation(trace, last)


def _observation(trace: Trace, last: NDArray[np.bool_]) -> dict[str, float | None]:
    """The metrics :data:`OBSERVATION`."""
    found: dict[str, float | None] = {"visible_share": float(trace["arm_in_view"].mean())}
    for name in OBSERVATION[:-1]:
        series = trace.series.get(name.removeprefix("episode_"))
        frames = trace["estimate_valid"] & (last | name.startswith("episode_"))
        found[name] = None if series is None or not frames.any() else float(series[frames].mean())
    return {name: found[name] for name in OBSERVATION}


def _failure(trace: Trace, last: NDArray[np.bool_]) -> str:
    reasons = Counter(str(reason) for reason in trace["estimate_reason"][last] if str(reason))
    if reasons and not trace["estimate_valid"][last].mean() > 0.5:
        return reasons.most_common(1)[0][0]
    apparent = (
        trace["apparent_position_error_m"][last].mean(),
        trace["apparent_rotation_error_rad"][last].mean(),
    )
    tolerances = trace.tolerances
    if tolerances is not None and all(error < most for error, most in zip(apparent, tolerances, strict=True)):
        return "estimate_error"
    return "joint_limit" if trace["at_joint_limit"][last].all() else "not_converged"


def _detail(trace: Trace, last: NDArray[np.bool_]) -> str:
    """What the last second was like."""
    position, rotation = (trace[f"true_{name}"][last].mean() for name in ("position_error_m", "rotation_error_rad"))
    parts = [f"true error {1e3 * position:.3g} mm, {np.degrees(rotation):.3g}°"]
    parts.append(f"{trace['estimate_valid'][last].mean():.0%} of the estimates valid")
    if "controller_mode" in trace.series:
        modes = zip(trace["controller_mode"][last], trace["controller_reason"][last], strict=True)
        (mode, reason), _ = Counter((str(mode), str(reason)) for mode, reason in modes).most_common(1)[0]
        parts.append(f"controller: {mode}" + (f" ({reason})" if reason else ""))
    return "; ".join(parts)
