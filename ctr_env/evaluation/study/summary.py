"""The table of a study's cells that is printed: success with its interval, median errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from ctr_env.evaluation.benchmark.statistics import wilson

__all__ = ["cell_summaries", "study_table"]

_CONDITION = "param.condition"
_ERRORS = (("true_position_error_m", 1e3), ("true_rotation_error_rad", float(np.degrees(1.0))))


def cell_summaries(rows: pa.Table) -> list[dict[str, Any]]:
    """Summaries of a study's cells in the order of its rows.

    Each has ``cell``, ``system``, ``parameters`` (the condition, and those in which cells of a system differ under it),
    ``episodes``, ``crashed``, ``successes``, ``interval`` (of the success rate, in which a crash is no success) and the
    medians of the true errors (``None`` if all episodes crashed).
    """
    names = [name for name in rows.column_names if name.startswith("param.")]
    found, values = rows.to_pylist(), dict[tuple[str, str, str | None], set[Any]]()
    for row in found:
        for name in names:
            values.setdefault((name, row["system"], row.get(_CONDITION)), set()).add(row[name])
    varying = [name for name in names if name == _CONDITION or _varies(name, values)]
    cells: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        cells.setdefault(row["cell"], []).append(row)
    return [_summary(each, varying) for each in cells.values()]


def study_table(rows: pa.Table, title: str) -> Table:
    """The summaries of all cells as a table to print; errors are medians, in millimetres and degrees."""
    summaries = cell_summaries(rows)
    several = len({each["system"] for each in summaries}) > 1
    keys = list(dict.fromkeys(key for each in summaries for key in each["parameters"]))
    table = Table(title=title, title_justify="left")
    for column in ["system"] * several + keys:
        table.add_column(column.rpartition(".")[2], overflow="fold")
    crashes = any(each["crashed"] for each in summaries)
    for column in ["n", "success", "95 %", "position (mm)", "rotation (deg)"] + ["crashed"] * crashes:
        table.add_column(column, justify="right")
    for each in summaries:
        low, high = each["interval"]
        settings = [_shown(each["parameters"].get(key)) for key in keys]
        errors = ("-" if each[name] is None else f"{scale * each[name]:.3g}" for name, scale in _ERRORS)
        table.add_row(
            *([each["system"]] if several else []), *settings, str(each["episodes"]),
            f"{100 * each['successes'] / each['episodes']:.0f} %", f"{100 * low:.0f}–{100 * high:.0f}", *errors,
            *[str(each["crashed"])] * crashes,
        )  # fmt: skip
    return table


def _varies(name: str, values: Mapping[tuple[str, str, str | None], set[Any]]) -> bool:
    return any(len(each) > 1 for (of, *_), each in values.items() if of == name)


def _summary(rows: Sequence[Mapping[str, Any]], varying: Sequence[str]) -> dict[str, Any]:
    successes = sum(bool(row.get("success")) for row in rows)
    medians = {}
    for name, _ in _ERRORS:
        values = [row[name] for row in rows if row.get(name) is not None]
        medians[name] = float(np.median(values)) if values else None
    return {
        "cell": rows[0]["cell"],
        "system": rows[0]["system"],
        "parameters": {name: rows[0][name] for name in varying},
        "episodes": len(rows),
        "crashed": sum(row["status"] == "crashed" for row in rows),
        "successes": successes,
        "interval": wilson(successes, len(rows)),
        **medians,
    }


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
