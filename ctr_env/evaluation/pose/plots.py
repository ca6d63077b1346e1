"""Plots of single-frame pose estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from ctr_env.drawing.figures import new_figure, save_figure

from .metrics import accuracy, nees_within
from .summary import keypoint_errors, series

__all__ = ["plot_poses"]

_FLOOR_MM = 1e-2  # smaller errors are drawn here
_BLUE, _ORANGE, _GREY, _RED = "#1f5fa8", "#e08a1e", "#8a8f98", "#c0392b"
_GROUP = 12  # smallest number of frames of a median


def plot_poses(records: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Plot accuracy curves, errors by distance and by visibility, and the covariance's calibration as a PNG.

    Frames without a valid estimate are misses in the curves and red marks at the upper edge of the scatter plots.

    Args:
        records: Records of frames (see :func:`.frame_record`); at least one.
        path: File to write.
        title: Title of the figure.
    """
    figure = new_figure(13.5, 7.6)
    (add, pck, calibration), (distance, visibility, spread) = figure.subplots(2, 3)
    _add_curve(add, records)
    _pck_curve(pck, records)
    _calibration(calibration, records)
    metres = series(records, "distance_m")
    _against(distance, records, metres, _equal_groups(metres))
    distance.set(xlabel="distance from the camera (m)")
    distance.legend(fontsize=8, loc="lower right")
    share = series(records, "visibility")
    jitter = np.random.default_rng(0).uniform(-0.025, 0.025, len(share))
    _against(visibility, records, share + jitter, [share == value for value in np.unique(share)])
    visibility.set(xlabel="share of the keypoints in the image", xlim=(-0.05, 1.05))
    visibility.legend(fontsize=8, loc="lower left")
    _spread(spread, records)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _add_curve(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    thresholds = np.linspace(0.0, 100.0, 501)
    errors = 1e3 * series(records, "add_m")
    axes.plot(thresholds, 100 * accuracy(errors, thresholds, strict=False), color=_BLUE, lw=2.2)
    _share_axis(axes, "ADD threshold (mm)", "frames below threshold (%)", 100.0)
    valid = 100 * np.mean([record["valid"] for record in records])
    axes.axhline(valid, color=_GREY, ls="--", lw=1, label=f"valid: {valid:.1f} %")
    axes.legend(fontsize=8, loc="lower right")


def _pck_curve(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    thresholds = np.linspace(0.0, 50.0, 501)
    errors = keypoint_errors(records, "keypoint_errors_px", in_frame=True)
    if len(errors):
        axes.plot(thresholds, 100 * accuracy(errors, thresholds, strict=False), color=_BLUE, lw=2.2)
    _share_axis(axes, "keypoint error threshold (px)", "keypoints in the image below threshold (%)", 50.0)


def _calibration(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    squares = [record["nees"] for record in records if record["nees"] is not None]
    axes.plot([0, 100], [0, 100], color=_GREY, ls="--", lw=1, label="calibrated")
    if squares:
        probabilities = np.linspace(0.0, 1.0, 201)[:-1]
        label = f"{len(squares)} estimates, mean NEES {np.mean(squares):.1f} (expected: 6)"
        axes.plot(100 * probabilities, 100 * nees_within(squares, probabilities), color=_BLUE, lw=2.2, label=label)
    else:
        _remark(axes, "no estimate has a covariance")
    _share_axis(axes, "confidence region of the covariance (%)", "estimates with the true pose inside (%)", 100.0)
    axes.legend(fontsize=8, loc="lower right")


def _against(
    axes: Axes, records: Sequence[Mapping[str, Any]], x: NDArray[np.float64], groups: Sequence[NDArray[np.bool_]]
) -> None:
    """ADD against a quantity, with medians over groups of frames, in which invalid estimates have infinite errors."""
    errors = 1e3 * series(records, "add_m")
    valid = np.isfinite(errors)
    errors = np.where(valid, np.maximum(errors, _FLOOR_MM), np.inf)
    axes.plot(x[valid], errors[valid], "o", color=_BLUE, ms=4, alpha=0.4, mew=0, label="frame")
    if not valid.all():
        edge = np.full((~valid).sum(), 0.985)
        axes.plot(x[~valid], edge, "|", color=_RED, ms=6, transform=axes.get_xaxis_transform(), label="invalid")
    medians = [(np.median(x[group]), np.median(errors[group])) for group in groups if group.sum() >= _GROUP]
    medians = [median for median in medians if np.isfinite(median[1])]
    if medians:
        axes.plot(*zip(*medians, strict=True), "o-", color=_ORANGE, lw=2.2, ms=5, label="median, all frames")
    if valid.any():
        axes.set_yscale("log")
        _plain_ticks(axes.yaxis)
    else:
        axes.set(yticks=[])
        _remark(axes, "no estimate is valid")
    axes.margins(y=0.12)
    axes.set(ylabel="ADD (mm)")
    axes.grid(alpha=0.3)


def _spread(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    known = [record for record in records if record["translation_error_m"] is not None]
    position = np.maximum(1e3 * series(known, "translation_error_m"), _FLOOR_MM)
    rotation = np.maximum(np.degrees(series(known, "rotation_error_rad")), _FLOOR_MM)
    axes.plot(position, rotation, "o", color=_BLUE, ms=4, alpha=0.4, mew=0)
    if known:
        axes.plot(
            np.median(position), np.median(rotation), "x", color="black", ms=8, mew=2, label="median, valid frames"
        )
        axes.legend(fontsize=8)
        axes.set(xscale="log", yscale="log")
        _plain_ticks(axes.xaxis)
        _plain_ticks(axes.yaxis)
    else:
        axes.set(xticks=[], yticks=[])
        _remark(axes, "no valid estimate of a frame with a known pose")
    axes.set(xlabel="translation error of the base (mm)", ylabel="rotation error of the base (deg)")
    axes.grid(alpha=0.3)


def _equal_groups(values: NDArray[np.float64]) -> list[NDArray[np.bool_]]:
    """Up to eight groups of about equal size, by value."""
    count = int(np.clip(len(values) // _GROUP, 1, 8))
    ranks = np.argsort(np.argsort(values))
    return [ranks * count // len(values) == i for i in range(count)]


def _plain_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2, 5, 10, ... as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _remark(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", backgroundcolor="white", transform=axes.transAxes)


def _share_axis(axes: Axes, xlabel: str, ylabel: str, right: float) -> None:
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(0.0, right), ylim=(0.0, 102.0))
    axes.grid(alpha=0.3)
