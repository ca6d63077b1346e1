"""Plots of servoing episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ctr_env.drawing.figures import new_figure, save_figure
from ctr_env.envs.success import POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD

from .trace import Trace

__all__ = ["plot_servo"]

_FLOOR = 1e-3  # mm and degrees: smaller errors are drawn here
_TRUE, _APPARENT, _LIMIT = "#1f5fa8", "#e08a1e", "#8a8f98"


def plot_servo(traces: Sequence[Trace], path: Path, title: str) -> None:
    """Errors over time and the gripper's way in the camera frame, for all episodes; a PNG.

    Thin lines are episodes, thick ones their median. The rightmost panel looks along the camera's axis: the
    gripper's way to the goal, in the camera frame.
    """
    figure = new_figure(13.5, 4.2)
    left, middle, right = figure.subplots(1, 3)
    _errors(left, traces, "position_error_m", 1e3, "position error (mm)", 1e3 * POSITION_TOLERANCE_M)
    degrees = float(np.degrees(1.0))
    _errors(
        middle,
        traces,
        "rotation_error_rad",
        degrees,
        "rotation error (deg)",
        degrees * ROTATION_TOLERANCE_RAD,
    )
    for trace in traces:
        way = 1e3 * (trace["gripper_camera_m"] - trace["goal_camera_m"])
        right.plot(way[:, 0], way[:, 1], color=_TRUE, lw=0.9, alpha=0.6)
        right.plot(way[0, 0], way[0, 1], "o", color=_TRUE, ms=3)
    right.plot(0, 0, "x", color="black", ms=8)
    right.set(xlabel="x right (mm)", ylabel="y down (mm)", title="gripper in the camera frame, from the goal")
    right.invert_yaxis()
    right.set_aspect("equal", adjustable="datalim")
    right.grid(alpha=0.3)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _errors(axes: Axes, traces: Sequence[Trace], name: str, scale: float, label: str, tolerance: float) -> None:
    for kind, colour in (("apparent", _APPARENT), ("true", _TRUE)):
        known = [trace for trace in traces if kind == "true" or trace["estimate_known"].any()]
        if not known:
            continue
        time = known[0]["time_s"]
        errors = np.maximum(scale * np.array([trace[f"{kind}_{name}"] for trace in known]), _FLOOR)
        if kind == "apparent":
            errors[~np.array([trace["estimate_valid"] for trace in known])] = np.nan
            errors = errors[:, (seen := ~np.isnan(errors).all(axis=0))]
            time = time[seen]
        axes.plot(time, errors.T, color=colour, lw=0.5, alpha=0.25)
        axes.plot(time, np.nanmedian(errors, axis=0), color=colour, lw=2.2, label=f"{kind} (median)")
    axes.axhline(tolerance, color=_LIMIT, ls="--", lw=1, label="tolerance")
    axes.set_yscale("log")
    axes.set(xlabel="time (s)", ylabel=label)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
