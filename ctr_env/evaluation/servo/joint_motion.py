"""Metrics of the arm's joints: limits, velocity and jerk."""

from __future__ import annotations

import numpy as np

from .trace import Trace

__all__ = ["limit_hits", "peak_joint_jerk", "peak_joint_velocity"]


def limit_hits(trace: Trace) -> int:
    """Number of times that the arm comes to within 0.02 rad of a joint stop; to begin there counts."""
    near = trace["at_joint_limit"].astype(bool)
    return int(near[0]) + int(np.sum(near[1:] & ~near[:-1]))


def peak_joint_velocity(trace: Trace) -> float | None:
    """Largest absolute velocity of any joint, rad/s; ``None`` if the trace has no joint velocities."""
    if "joint_velocities" not in trace.series:
        return None
    return float(np.abs(trace["joint_velocities"]).max())


def peak_joint_jerk(trace: Trace) -> float | None:
    """Largest absolute second difference of any joint's velocity by time, rad/s³, at the rate of the frames.

    Returns:
        ``None`` if the trace has no joint velocities, or fewer than three frames.
    """
    velocities, time = trace.series.get("joint_velocities"), trace["time_s"]
    if velocities is None or len(time) < 3:
        return None
    step = float(time[1] - time[0])
    return float(np.abs(np.diff(velocities, n=2, axis=0)).max() / step**2)
