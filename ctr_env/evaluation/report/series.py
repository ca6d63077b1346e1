"""Time series of many episodes on one time axis."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.evaluation.servo.trace import Trace

from .study_data import Episode, StudyData

__all__ = ["Band", "ErrorSeries", "band", "read_errors"]

_POINTS = 91
"""Most points of a line over time."""
_LEVELS = (0.1, 0.5, 0.9)

_JUDGED_BY_ESTIMATE = ("apparent_", "estimate_")


@dataclass(frozen=True)
class ErrorSeries:
    """Errors of one episode over time.

    Attributes:
        time_s: ``(T,)``.
        errors: ``(T,)`` by name; NaN where there is no valid estimate that the error could be judged by, or it is not
            recorded.
        tolerances: Position error (m) and rotation error (rad) below which the goal counts as reached; ``None`` where
            success is not of the gripper.
    """

    time_s: NDArray[np.float64]
    errors: dict[str, NDArray[np.float64]]
    tolerances: tuple[float, float] | None


@dataclass(frozen=True)
class Band:
    """Median and 10th and 90th percentile over episodes, at each time.

    Attributes:
        time_s: ``(T,)``.
        median: ``(T,)``; NaN where no episode has a value, as the others.
        low: ``(T,)`` 10th percentile.
        high: ``(T,)`` 90th percentile.
    """

    time_s: NDArray[np.float64]
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def read_errors(
    data: StudyData, episodes: Iterable[Episode], names: Sequence[str]
) -> dict[tuple[str, int], ErrorSeries]:
    """Errors over time of the episodes whose traces are kept, by cell and seed."""
    found = {}
    for episode in episodes:
        trace = data.trace(episode)
        if trace is not None:
            found[episode.cell, episode.seed] = _errors(trace, names)
    return found


def band(series: Sequence[ErrorSeries], name: str, scale: float) -> Band | None:
    """Median and percentiles of an error over episodes, at most :data:`_POINTS` times; ``None`` without a value."""
    if not series:
        return None
    longest = max((each.time_s for each in series), key=lambda time: float(time[-1]))
    time = longest[_thinned(len(longest))]
    values = np.array([_at(time, each.time_s, each.errors[name]) for each in series])
    if not np.isfinite(values).any():
        return None
    low, median, high = scale * _quantiles(values)
    return Band(time, median, low, high)


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(3, T)`` 10th, 50th and 90th percentile of ``(N, T)`` values at each time; NaN are left out."""
    found = np.quantile(values, _LEVELS, axis=0)
    gaps = np.isnan(values).any(axis=0)  # nanquantile is slow: only where it is needed
    if gaps.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # times at which no episode has a value
            found[:, gaps] = np.nanquantile(values[:, gaps], _LEVELS, axis=0)
    return found


def _errors(trace: Trace, names: Sequence[str]) -> ErrorSeries:
    errors = {}
    for name in names:
        known = trace.series.get(name)
        values = np.full(len(trace["time_s"]), np.nan) if known is None else np.asarray(known, dtype=float).copy()
        if name.startswith(_JUDGED_BY_ESTIMATE):
            values[~trace["estimate_valid"]] = np.nan
        errors[name] = values
    return ErrorSeries(np.asarray(trace["time_s"], dtype=float), errors, trace.tolerances)


def _at(time: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The newest value at each time; NaN after the end."""
    newest = np.clip(np.searchsorted(known, time + 1e-9, side="right") - 1, 0, None)
    return np.where(time > known[-1] + 1e-9, np.nan, values[newest])


def _thinned(length: int) -> NDArray[np.int_]:
    return np.unique(np.linspace(0, length - 1, min(length, _POINTS)).round().astype(int))
