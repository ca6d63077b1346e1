"""``ctr-env study``: run the episodes of a study file, on this machine or on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from rich.console import Console
from rich.table import Table
from tyro.conf import Positional

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.check import check_study
from ctr_env.evaluation.study.conditions import without_unavailable
from ctr_env.evaluation.study.estimate import StudyEstimate, estimate_study
from ctr_env.evaluation.study.file import StudyFile, load_study
from ctr_env.evaluation.study.policies import agents_of
from ctr_env.evaluation.study.runner import Progress, run_study
from ctr_env.evaluation.study.store import StudyFolder
from ctr_env.evaluation.study.summary import study_table
from ctr_env.runs.cores import available_cores
from ctr_env.runs.engines.choice import make_engine

from .command import OutputCommand
from .progress import counting_progress

__all__ = ["Study"]


@dataclass(frozen=True, kw_only=True)
class Study(OutputCommand):
    """Run a study: systems, axes and seeds of a YAML file; one row per episode in a Parquet file.

    Every finished episode is kept; the same command runs what is missing. Agents of the file are trained first.
    """

    name = "study"
    resumable = True
    not_in_digest = ("engine", "workers", "address", "slurm", "dry_run", "retry_crashed", "recompute")

    file: Positional[str]
    """Study file, or the name of a study that comes with the package."""
    scale: float = 1.0
    """Share of the study: of its seeds, the first ones, and of the steps of its agents' trainings."""
    engine: Literal["local", "ray", "slurm"] = "local"
    """What runs the episodes: processes of this machine, a Ray cluster, or Slurm."""
    workers: int | None = None
    """Number of episodes at a time (default: one for each core, of this machine or of the Ray cluster)."""
    address: str | None = None
    """Address of a Ray cluster; auto: the one that this machine is part of (default: local, started for the study)."""
    slurm: tuple[str, ...] = ()
    """Parameters of Slurm's jobs as submitit names them, such as slurm_partition=cpu timeout_min=240."""
    dry_run: bool = False
    """Check the file, count the episodes and estimate their time; nothing is run or written."""
    retry_crashed: bool = False
    """Run those episodes again that ended with an error."""
    recompute: bool = False
    """Compute the metrics of episodes of earlier runs again from their traces, by the present definitions."""

    def name_parts(self) -> list[str]:
        """Name of the study."""
        return [load_study(self.file).study]

    def run(self) -> int:
        """Run what is missing, show the table and say where the files are."""
        file, folder = load_study(self.file).scaled(self.scale), self.folder
        check_study(file, cells_of(file))
        file, left_out = without_unavailable(file)
        for name, reason in left_out.items():
            print(f"condition {name} is left out ({reason})")
        if self.dry_run:
            _show_estimate(file, folder, self.workers or available_cores())
            return 0
        parameters = _slurm_parameters(self.slurm)
        engine = make_engine(
            self.engine, self.workers, address=self.address, folder=folder / "slurm", parameters=parameters
        )
        with counting_progress("{task.fields[note]}") as progress:
            trainings = progress.add_task("trainings", total=None, note="", visible=bool(file.agents))
            bar = progress.add_task(file.study, total=None, note="")
            start = time.perf_counter()

            def trained(done: int, total: int) -> None:
                progress.update(trainings, total=total, completed=done)

            def advance(now: Progress) -> None:
                rate = (now.done - now.earlier) / max(time.perf_counter() - start, 1e-3)
                note = f"{rate:.2f}/s  {now.successes} succeeded" + (f"  {now.crashed} crashed" if now.crashed else "")
                progress.update(bar, total=now.total, completed=now.done, note=note)

            rows = run_study(
                file, folder, engine, on_progress=advance, on_training=trained,
                retry_crashed=self.retry_crashed, recompute=self.recompute,
            )  # fmt: skip
        Console().print(study_table(rows, file.study))
        print(f"rows    {StudyFolder(folder).parquet}\ntraces  {folder / 'traces'}")
        return 0


def _show_estimate(file: StudyFile, folder: Path, workers: int) -> None:
    with counting_progress() as progress:
        bar = progress.add_task("timed episodes", total=None)
        on_timed: Callable[[int, int], None] = lambda done, total: progress.update(bar, completed=done, total=total)  # noqa: E731
        found = estimate_study(file, folder, on_timed)
    Console().print(_estimate_table(file, found))
    cells, episodes = len(found.cells), sum(len(cell.seeds) for cell in found.cells)
    missing = sum(found.missing)
    duration = timedelta(seconds=round(found.total_s(workers)))
    print(f"{cells} cells, {episodes} episodes, of these {missing} to run: about {duration} with {workers} workers")
    if file.agents:
        from ctr_env.evaluation.agents.runner import missing_trainings  # which needs PyTorch

        agents = agents_of(file)
        total, left = sum(len(agent.seeds) for agent in agents), missing_trainings(agents, folder)
        print(f"{total} trainings before, of these {len(left)} to run: {sum(each.agent.steps for each in left)} steps")
    for failure in found.failures:
        print(f"a timed episode failed: {failure}")


def _estimate_table(file: StudyFile, found: StudyEstimate) -> Table:
    table = Table(title=file.study, title_justify="left")
    several = len(file.systems) > 1
    labels = list(dict.fromkeys(name for cell in found.cells for name in cell.labels if name != "agent"))
    for column in ["system"] * several + labels + list(file.axes) + list(file.one_at_a_time):
        table.add_column(column.rpartition(".")[2], overflow="fold")
    for column in ("to run", "s/episode", "time"):
        table.add_column(column, justify="right")
    for cell, missing, seconds in zip(found.cells, found.missing, found.seconds, strict=True):
        known = {**cell.parameters, **cell.labels}
        settings = [str(known.get(key, "")) for key in (*labels, *file.axes, *file.one_at_a_time)]
        times = ["?", "?"] if seconds is None else [f"{seconds:.2f}", str(timedelta(seconds=round(missing * seconds)))]
        table.add_row(*([cell.system] if several else []), *settings, str(missing), *times)
    return table


def _slurm_parameters(words: tuple[str, ...]) -> dict[str, Any]:
    parameters = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigurationError(f"--slurm takes KEY=VALUE, not {word!r}")
        parameters[key] = yaml.safe_load(value)
    return parameters
