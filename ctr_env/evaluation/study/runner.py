"""Running a study: what is missing, on an engine, until the table is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ctr_env.errors import StorageError
from ctr_env.evaluation.servo.episode_job import close_environments
from ctr_env.runs.engines.base import Engine
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.files import replacing
from ctr_env.runs.folder import RunFolder

from .cells import Cell, cells_of
from .check import check_study
from .episode import EpisodeTask, Outcome, run_episode_task, study_versions, write_crash
from .file import StudyFile
from .policies import agents_of
from .storage import exclusive, storage_errors, storage_message
from .store import StudyFolder
from .table import assemble
from .timing import write_timing

__all__ = ["Progress", "run_study"]


@dataclass
class Progress:
    """How far a study is; passed to the callback of :func:`run_study`.

    Attributes:
        total: Number of episodes.
        done: Of these, finished ones.
        earlier: Of the finished ones, those of earlier runs.
        successes: Of the finished ones, those that ended at the goal.
        crashed: Of the finished ones, those that ended with an error.
    """

    total: int
    done: int = 0
    earlier: int = 0
    successes: int = 0
    crashed: int = 0

    def count(self, outcome: Outcome) -> None:
        """Count a finished episode."""
        self.done += 1
        self.successes += outcome.success
        self.crashed += outcome.status == "crashed"


def run_study(
    file: StudyFile,
    out: Path,
    engine: Engine | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_training: Callable[[int, int], None] | None = None,
    retry_crashed: bool = False,
    recompute: bool = False,
) -> pa.Table:
    """Run the episodes of a study that are missing in its folder, after the trainings of its agents.

    Every finished episode is recorded at once, and never run again; a file with further seeds, systems or axes
    continues in the same folder. Also when the run is interrupted, ``study.parquet`` has the finished episodes.

    Args:
        file: The study.
        out: Its folder; made if missing. All machines that run episodes must share it.
        engine: Runs the episodes; ``None``: one process for each core.
        on_progress: Called at the beginning, and after each episode.
        on_training: Called with the numbers of trainings of agents, finished and all, at the beginning and after each.
        retry_crashed: Run those episodes again that ended with an error.
        recompute: Compute the metrics of episodes of earlier runs again from their traces, by the present definitions.

    Returns:
        The rows, see :func:`~ctr_env.evaluation.study.table.table_of`.

    Raises:
        ConfigurationError: If the study is not valid; the message names key, line and valid values.
        RunFolderError: If the folder holds something else, or results of other versions of the packages.
        StorageError: If results cannot be written; a later run resumes.
        UsageError: If another process runs a study in the folder.
        WorkerError: If a worker has other versions of packages.
        MissingDependencyError: If agents are to be trained and Stable-Baselines3 is not installed.
        TrainingError: If a training diverges.
    """
    out, cells = out.resolve(), cells_of(file)
    check_study(file, cells)
    folder, versions, start = StudyFolder(out), study_versions(), time.perf_counter()
    engine = engine or LocalEngine()
    with storage_errors(out), exclusive(out):
        RunFolder(out, "study", {"study": file.study, "versions": versions})
        with replacing(out / "study.yaml") as scratch:
            scratch.write_text(file.text)
        if file.agents:
            from ctr_env.evaluation.agents.runner import train_agents  # which needs PyTorch

            train_agents(agents_of(file), out, engine, on_training, file.find_modules(), versions)
        _end_last_line(folder.journal)
        for cell in cells if recompute else ():
            for seed in cell.seeds:
                folder.recompute(cell.digest, seed)
        progress = Progress(sum(len(cell.seeds) for cell in cells))
        try:
            _run_missing(file, cells, folder, engine, on_progress, retry_crashed, progress)
        except BaseException:
            with suppress(OSError):
                assemble(file, cells, folder, versions)
            raise
        finally:
            close_environments()
            with suppress(OSError):
                write_timing(folder, cells, time.perf_counter() - start, progress.done - progress.earlier)
        return assemble(file, cells, folder, versions)


def _run_missing(
    file: StudyFile,
    cells: Sequence[Cell],
    folder: StudyFolder,
    engine: Engine,
    on_progress: Callable[[Progress], None] | None,
    retry_crashed: bool,
    progress: Progress,
) -> None:
    search = file.find_modules()
    with_video = set(sorted(file.seeds)[: file.videos])
    missing = []
    for cell in cells:
        for seed in cell.seeds:
            record = folder.finished(cell.digest, seed, seed in with_video)
            if record is not None and retry_crashed and record["status"] == "crashed":
                folder.episode(cell.digest, seed).unlink()
                record = None
            if record is None:
                missing.append(EpisodeTask(folder.path, cell, seed, seed in with_video, search, study_versions()))
            else:
                progress.count(Outcome.of(record))
    progress.earlier = progress.done
    if on_progress is not None:
        on_progress(progress)
    with closing(engine.run(run_episode_task, missing)) as ended:
        for each in ended:
            task = missing[each.index]
            progress.count(_outcome(each.result, each.lost, task, folder))
            if on_progress is not None:
                on_progress(progress)


def _end_last_line(journal: Path) -> None:
    """Let a journal whose last line was cut off continue on a new one."""
    if journal.is_file() and (content := journal.read_bytes()) and not content.endswith(b"\n"):
        with journal.open("ab") as file:
            file.write(b"\n")


def _outcome(outcome: Outcome | None, lost: str, task: EpisodeTask, folder: StudyFolder) -> Outcome:
    if outcome is None:
        return write_crash(folder, task.cell, task.seed, lost)
    if outcome.status == "stopped":
        raise StorageError(storage_message(folder.path, str(outcome.error)))
    if folder.read(task.cell.digest, task.seed) is None:
        raise StorageError(
            f"an episode was run whose files are not in {folder.path}: all machines must share this folder"
        )
    return outcome
