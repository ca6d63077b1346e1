"""Wall times of a study's episodes, from its journal."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ctr_env.runs.files import write_json

from .cells import Cell
from .store import StudyFolder

__all__ = ["read_seconds", "write_timing"]


def write_timing(folder: StudyFolder, cells: Sequence[Cell], wall_s: float, episodes: int) -> None:
    """Write ``timing.json``.

    Args:
        folder: The study's folder.
        cells: Its cells.
        wall_s: Duration of this run, seconds.
        episodes: Number of episodes of this run.
    """
    ends = _ends(folder)
    by_cell = {cell.digest: ends[cell.digest] for cell in cells if cell.digest in ends}
    content = {
        "schema": "ctr_env/timing@1",
        "last_run": {"wall_s": wall_s, "episodes": episodes, "episodes_per_s": episodes / wall_s if wall_s else 0.0},
        "episodes": sum(map(len, by_cell.values())),
        "seconds": float(sum(map(sum, by_cell.values()))),
        "cells": {
            cell: {"episodes": len(seconds), "median_s": float(np.median(seconds)), "total_s": float(sum(seconds))}
            for cell, seconds in by_cell.items()
        },
    }
    write_json(folder.timing, content)


def read_seconds(folder: StudyFolder) -> dict[str, float]:
    """Median wall time of an episode, seconds, by cell, of those that were run before; empty if there are none."""
    if not folder.timing.is_file():
        return {}
    cells: dict[str, Any] = json.loads(folder.timing.read_text())["cells"]
    return {cell: each["median_s"] for cell, each in cells.items()}


def _ends(folder: StudyFolder) -> dict[str, list[float]]:
    """Wall times of finished episodes by cell."""
    found: dict[str, list[float]] = defaultdict(list)
    if folder.journal.is_file():
        for line in folder.journal.read_text(errors="replace").splitlines():
            with suppress(json.JSONDecodeError, KeyError):  # cut off when a process or the disk ended
                event = json.loads(line)
                if event["event"] == "end":
                    found[event["cell"]].append(event["seconds"])
    return found
