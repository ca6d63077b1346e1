"""How long a study will take, from earlier runs or from a short episode of each kind of cell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.evaluation.servo.episode_job import close_environments, environment_for
from ctr_env.runs.engines.worker import one_thread

from .cells import Cell, cells_of
from .check import check_study
from .environment import servo_study_of
from .file import StudyFile
from .store import StudyFolder
from .timing import read_seconds

__all__ = ["StudyEstimate", "estimate_study"]

_STEPS = 15  # of a timed episode


@dataclass(frozen=True)
class StudyEstimate:
    """What a study consists of, and how long it will take.

    Attributes:
        cells: Its cells.
        missing: Number of episodes that are not finished, by cell.
        seconds: Time of one episode on one core, by cell; ``None`` where a timed episode failed.
        failures: Why timed episodes failed.
    """

    cells: Sequence[Cell]
    missing: Sequence[int]
    seconds: Sequence[float | None]
    failures: Sequence[str]

    def total_s(self, workers: int) -> float:
        """Time of all missing episodes on a number of cores."""
        known = [seconds for seconds in self.seconds if seconds is not None]
        typical = float(np.mean(known)) if known else 0.0
        pairs = zip(self.missing, self.seconds, strict=True)
        return sum(n * (typical if seconds is None else seconds) for n, seconds in pairs) / workers


def estimate_study(file: StudyFile, out: Path, on_timed: Callable[[int, int], None] | None = None) -> StudyEstimate:
    """Count the episodes of a study, and estimate their time; nothing is written.

    Cells that ran before in the folder have the time of those episodes. Of the others, one short episode of each kind
    is timed in this process: of robot, estimator, controller, renderer, image size, scenario and the like.

    Args:
        file: The study.
        out: Its folder, which need not exist.
        on_timed: Called with the numbers of timed episodes, done and total.

    Raises:
        ConfigurationError: If the study is not valid; the message names key, line and valid values.
    """
    cells, folder = cells_of(file), StudyFolder(out)
    check_study(file, cells)
    missing = [sum(folder.finished(cell.digest, seed) is None for seed in cell.seeds) for cell in cells]
    earlier = read_seconds(folder)
    kinds: dict[str, Cell] = {}
    for cell in cells:
        if cell.digest not in earlier:
            kinds.setdefault(_kind(cell), cell)
    timed: dict[str, float | None] = {}
    failures = []
    with one_thread():
        for i, (kind, cell) in enumerate(kinds.items()):
            try:
                timed[kind] = _seconds(cell, cell.seeds[0])
            except Exception as error:
                timed[kind] = None
                failures.append(f"{kind}: {type(error).__name__}: {error}")
            if on_timed is not None:
                on_timed(i + 1, len(kinds))
    close_environments()
    seconds = [earlier[cell.digest] if cell.digest in earlier else timed[_kind(cell)] for cell in cells]
    return StudyEstimate(cells, missing, seconds, failures)


def _kind(cell: Cell) -> str:
    """Names and counts among the arguments of a cell's environment; cells that differ in other numbers cost alike."""
    spec = environment_of(cell.parameters)
    return json.dumps([spec.id, spec.robot, _without_floats(spec.env_config)], sort_keys=True, default=str)


def _without_floats(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_floats(each) for key, each in value.items()}
    return None if isinstance(value, float) else value


def _seconds(cell: Cell, seed: int) -> float:
    """Time of a whole episode, from its reset and a few of its steps."""
    study = servo_study_of(cell.parameters, cell.seconds)
    env = environment_for(cell.digest, study)
    idle = np.zeros(env.action_space.shape or (0,), np.float32)
    env.reset(seed=seed)
    env.step(idle)  # the first of a process compiles and loads
    start = time.perf_counter()
    env.reset(seed=seed)
    begun = time.perf_counter()
    for _ in range(_STEPS):
        env.step(idle)
    step_s = (time.perf_counter() - begun) / _STEPS
    assert env.spec is not None
    steps = env.spec.max_episode_steps or 0
    return begun - start + steps * step_s
