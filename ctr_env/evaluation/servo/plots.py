"""Plots of servoing episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ctr_env.drawing.figures import new_figure, save_figure

from .trace import Trace

__all__ = ["plot_servo"]

_FLOOR = 1e-3  # mm and degrees: smaller errors are drawn here
_TRUE, _APPARENT, _LIMIT = "#1f5fa8", "#e08a1e", "#8a8f98"


def plot_servo(traces: Sequence[Trace], path: Path, title: str) -> None:
    """Plot errors over time and the gripper's path in the camera frame, for all episodes, as a PNG.

    Thin lines are episodes, thick ones their median; a dotted line is a tolerance of success, where there is one. The
    rightmost panel shows the gripper's position relative to the goal, projected along the camera's axis.
    """
    figure = new_figure(13.5, 4.2)
    left, middle, right = figure.subplots(1, 3)
    degrees = float(np.degrees(1.0))
    position, rotation = traces[0].tolerances or (np.inf, np.inf)
    _errors(left, traces, "position_error_m", 1e3, "position error (mm)", 1e3 * position)
    _errors(middle, traces, "rotation_error_rad", degrees, "rotation error (deg)", degrees * rotation)
    for trace in traces:
        path_mm = 1e3 * (trace["gripper_camera_m"] - trace["goal_camera_m"])
        right.plot(path_mm[:, 0], path_mm[:, 1], color=_TRUE, lw=0.9, alpha=0.6)
        right.plot(path_mm[0, 0], path_mm[0, 1], "o", color=_TRUE, ms=3)
    right.plot(0, 0, "x", color="black", ms=8)
    right.set(xlabel="gripper minus goal, camera x, right (mm)", ylabel="gripper minus goal, camera y, down (mm)")
    right.invert_yaxis()
    right.set_aspect("equal", adjustable="datalim")
    right.grid(alpha=0.3)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _errors(axes: Axes, traces: Sequence[Trace], name: str, scale: float, label: str, tolerance: float) -> None:
    for kind, colour in (("true", _TRUE), ("apparent", _APPARENT)):
        known = [trace for trace in traces if kind == "true" or trace["estimate_known"].any()]
        if not known:
            continue
        time, style = known[0]["time_s"], "-" if kind == "true" else "--"
        errors = np.maximum(scale * np.array([trace[f"{kind}_{name}"] for trace in known]), _FLOOR)
        if kind == "apparent":
            errors[~np.array([trace["estimate_valid"] for trace in known])] = np.nan
            errors = errors[:, (estimated := ~np.isnan(errors).all(axis=0))]
            time = time[estimated]
        axes.plot(time, errors.T, color=colour, lw=0.5, alpha=0.25)
        axes.plot(time, np.nanmedian(errors, axis=0), color=colour, lw=2.2, ls=style, label=f"{kind} (median)")
    if np.isfinite(tolerance):
        axes.axhline(tolerance, color=_LIMIT, ls=":", lw=1.5, label="tolerance")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="time (s)", ylabel=label)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
