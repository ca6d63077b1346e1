"""Summary of many episodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from .metrics import METRICS

__all__ = ["statistics", "summarise", "summary_table"]

_UNITS = {"_m": (1e3, "mm"), "_rad": (float(np.degrees(1.0)), "deg"), "_s": (1.0, "s")}


def summarise(episodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Summary of episodes, as the ``servo`` result file has it.

    Every metric gets ``mean``, ``median`` and ``p95`` over the episodes in which it is defined, and their number ``n``
    (``None`` and 0 if there are none). ``with_estimate`` summarises the episodes that ended with a valid estimate.
    """
    estimated = [episode for episode in episodes if episode["has_estimate"]]
    return _summary(episodes) | {"with_estimate": _summary(estimated)}


def summary_table(summary: Mapping[str, Any], title: str) -> Table:
    """The summary as a table to print, in millimetres and degrees."""
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    for column in ("median", "mean", "p95", "episodes"):
        table.add_column(column, justify="right")
    successes = round(summary["success_rate"] * summary["episodes"])
    table.add_row("success", f"{100 * summary['success_rate']:.1f} %", "", "", f"{successes}/{summary['episodes']}")
    for name in METRICS:
        stats = summary[name]
        if stats["n"]:
            scale, label = _unit(name)
            cells = (f"{scale * stats[key]:.3g}" for key in ("median", "mean", "p95"))
            table.add_row(label, *cells, str(stats["n"]))
    for reason, count in summary["failures"].items():
        table.add_row(f"failed: {reason}", "", "", "", str(count))
    return table


def _summary(episodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    failures = Counter(episode["failure"] for episode in episodes if episode["failure"])
    return {
        "episodes": len(episodes),
        "success_rate": float(np.mean([episode["success"] for episode in episodes])) if episodes else 0.0,
        "failures": dict(failures.most_common()),
        **{name: statistics([episode[name] for episode in episodes]) for name in METRICS},
    }


def statistics(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean, median and 95th percentile of the values that are not ``None``, and their number ``n``."""
    defined = [value for value in values if value is not None]
    if not defined:
        return {"mean": None, "median": None, "p95": None, "n": 0}
    return {
        "mean": float(np.mean(defined)),
        "median": float(np.median(defined)),
        "p95": float(np.quantile(defined, 0.95)),
        "n": len(defined),
    }


def _unit(name: str) -> tuple[float, str]:
    for suffix, (scale, unit) in _UNITS.items():
        if name.endswith(suffix):
            return scale, f"{name.removesuffix(suffix).replace('_', ' ')} ({unit})"
    return 1.0, name.replace("_", " ")
