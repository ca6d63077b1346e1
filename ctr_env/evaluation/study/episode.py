"""One episode of a study as a job of an engine."""

from __future__ import annotations

import json
import os
import socket
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ctr_env.evaluation.servo.episode_job import EpisodeJob, record_episode
from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.trace import Trace
from ctr_env.runs.importing import find_modules
from ctr_env.runs.versions import optional_versions, require_versions, versions

from .cells import Cell
from .environment import servo_study_of
from .storage import is_storage_error
from .store import StudyFolder

__all__ = ["EpisodeTask", "Outcome", "run_episode_task", "study_versions", "write_crash"]

_OPTIONAL = ("crocoddyl", "pin")


@dataclass(frozen=True)
class EpisodeTask:
    """An episode to run.

    Attributes:
        out: The study's folder.
        cell: The cell.
        seed: Seed of the reset.
        video: Whether a video is written.
        search: Folders in which modules of the user are looked for.
        versions: Versions of packages that the process must have.
    """

    out: Path
    cell: Cell
    seed: int
    video: bool
    search: tuple[str, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What the study needs to know of an episode.

    Attributes:
        status: ``"done"`` or ``"crashed"``; ``"stopped"`` if its results could not be written.
        success: Whether it ended at the goal.
        seconds: Wall time; 0 for an episode that was finished before.
        error: Why it crashed or stopped.
    """

    status: str
    success: bool
    seconds: float = 0.0
    error: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any], seconds: float = 0.0) -> Outcome:
        """The outcome that is recorded of an episode."""
        success = bool((record["metrics"] or {}).get("success", False))
        return cls(record["status"], success, seconds, record["error"])


def run_episode_task(task: EpisodeTask) -> Outcome:
    """Run an episode, unless it is finished, and write its files.

    An exception of the environment, the estimator or the controller is recorded as the outcome; one of the file system
    makes the outcome ``"stopped"``, with nothing recorded.

    Raises:
        WorkerError: If this process has other versions of packages than the one that began the study.
    """
    require_versions(task.versions)
    find_modules(task.search)
    folder, cell, seed = StudyFolder(task.out), task.cell, task.seed
    finished = folder.finished(cell.digest, seed, task.video)
    if finished is not None:
        return Outcome.of(finished)
    start = time.perf_counter()
    try:
        write_journal(folder, "begin", cell, seed)
        trace, record = _recorded(task, folder)
        if trace is not None:
            trace.save(folder.trace(cell.digest, seed))
        folder.write(cell.digest, seed, record)
        seconds = time.perf_counter() - start
        write_journal(folder, "end", cell, seed, seconds=round(seconds, 4))
    except OSError as error:
        return Outcome("stopped", False, error=f"{type(error).__name__}: {error}")
    return Outcome.of(record, seconds)


def write_crash(folder: StudyFolder, cell: Cell, seed: int, reason: str) -> Outcome:
    """Record an episode that has no result because of something outside it."""
    record = _record(cell, seed, "crashed", error=reason)
    folder.write(cell.digest, seed, record)
    return Outcome.of(record)


def write_journal(folder: StudyFolder, event: str, cell: Cell, seed: int, **more: Any) -> None:
    """Append an event to the journal, in one piece."""
    content = {"event": event, "cell": cell.digest, "seed": seed, "pid": os.getpid(), "host": socket.gethostname()}
    file = os.open(folder.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(file, (json.dumps(content | more) + "\n").encode())
    finally:
        os.close(file)


@cache
def study_versions() -> dict[str, str]:
    """Versions of the packages that results of a study depend on; of optional ones where they are installed."""
    return versions("torch", "kornia") | optional_versions(*_OPTIONAL)


def _recorded(task: EpisodeTask, folder: StudyFolder) -> tuple[Trace | None, dict[str, Any]]:
    """The trace of an episode and its record; an exception is recorded, but for those of the file system."""
    cell, seed = task.cell, task.seed
    try:
        study = servo_study_of(cell.parameters, cell.seconds)
        video = folder.video(cell.digest, seed) if task.video else None
        policy = None if cell.policy is None else cell.policy.path(task.out)
        trace = record_episode(EpisodeJob(cell.digest, study, seed, folder.trace(cell.digest, seed), video, policy))
        record = _record(cell, seed, "done", metrics=episode_metrics(trace))
        json.dumps(record["metrics"], allow_nan=False, default=float)
    except Exception as error:
        if is_storage_error(error, task.out):
            raise
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return None, _record(cell, seed, "crashed", error=said, trace_back=traceback.format_exc())
    return trace, record


def _record(
    cell: Cell,
    seed: int,
    status: str,
    *,
    metrics: Mapping[str, Any] | None = None,
    error: str | None = None,
    trace_back: str | None = None,
) -> dict[str, Any]:
    return {
        "cell": cell.digest,
        "system": cell.system,
        "parameters": dict(cell.parameters),
        "policy": None if cell.policy is None else str(cell.policy.file),
        "seconds": cell.seconds,
        "seed": seed,
        "status": status,
        "error": error,
        "traceback": trace_back,
        "metrics": metrics,
    }
