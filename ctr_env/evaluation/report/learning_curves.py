"""Learning curves of a study's agents."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel

__all__ = ["learning_curves", "read_curves"]

Curves = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
"""For each agent the evaluations of each training."""

_PANELS: tuple[tuple[str, str, float], ...] = (
    ("success_rate", "success (%)", 100.0),
    ("position_error_m", "true position error (mm)", 1e3),
)


def read_curves(folder: Path, trainings: Collection[tuple[str, int]]) -> Curves:
    """Evaluations of some trainings in a study's folder, by agent; empty if there are none.

    Args:
        folder: The study's folder, which may have trainings of agents and seeds that are no longer in its file.
        trainings: Agents and seeds.
    """
    found: dict[str, list[list[dict[str, Any]]]] = {}
    for agent, seed in sorted(trainings):
        file = folder / "agents" / agent / str(seed) / "learning_curve.json"
        if file.is_file() and (evaluations := json.loads(file.read_text())["evaluations"]):
            found.setdefault(agent, []).append(evaluations)
    return found


def learning_curves(curves: Curves) -> Chart:
    """Success and true position error in the evaluations of every agent: mean and range over its trainings.

    Args:
        curves: As :func:`read_curves` returns them, not empty.
    """
    panels = [
        Panel(
            [_line(name, runs, key, scale, style) for style, (name, runs) in enumerate(curves.items())],
            *("thousand steps", label),
            y_range=(0.0, 104.0) if key == "success_rate" else None,
        )
        for key, label, scale in _PANELS
    ]
    ends = "; ".join(f"{line.name} {line.y[-1]:.3g} %" for line in panels[0].lines if len(line.y))
    return Chart(
        key="learning-curves",
        title="Learning curves",
        caption="Evaluations of the policies on episodes of the split validation, with the estimator of their "
        "training. Mean over the trainings of an agent (line), smallest and largest value (band), at the steps that "
        "all have.",
        summary=f"Learning curves. Success at the end: {ends}.",
        panels=panels,
    )


def _line(name: str, runs: Sequence[Sequence[Mapping[str, Any]]], key: str, scale: float, style: int) -> Line:
    tables = [{each["step"]: scale * each[key] for each in run} for run in runs]
    steps = sorted(set.intersection(*(set(table) for table in tables)))
    values = np.array([[table[step] for step in steps] for table in tables])
    pick: Callable[[Any], Any] = lambda function: function(values, axis=0)  # noqa: E731
    return Line(name, 1e-3 * np.array(steps, float), pick(np.mean), style, low=pick(np.min), high=pick(np.max))
