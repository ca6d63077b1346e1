"""``ctr-env servo``: run servoing episodes and report their errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from ctr_env.envs.config import ServoConfig
from ctr_env.evaluation.servo.rerun_recording import record_rerun, require_rerun
from ctr_env.evaluation.servo.runner import ServoStudy, run_servo_study, video_path
from ctr_env.evaluation.servo.summary import summary_table
from ctr_env.runs.cores import available_cores

from .command import ResultCommand
from .environment import ENVIRONMENT, NetworkOptions, environment_arguments, randomization_name
from .progress import counting_progress
from .sections import Section

__all__ = ["Servo", "run_study", "show_result", "study_of"]


@dataclass(frozen=True, kw_only=True)
class Servo(NetworkOptions, ResultCommand):
    """Run servoing episodes with the controller alone: table, JSON, plot, videos.

    Every finished episode is kept; the same command resumes an interrupted run.
    """

    name = "servo"
    resumable = True
    not_in_digest = ("episodes", "video", "workers", "rerun")

    environment: Annotated[ServoConfig, ENVIRONMENT]
    study: Annotated[ServoStudy, Section(hide=("robot", "task", "env_config"))]
    video: int = 0
    """Number of episodes, counted from the first, that a video is written of."""
    workers: int = available_cores()
    """Number of processes; the results do not depend on it."""

    rerun: Path | None = None
    """Write a recording of the first episode for the Rerun viewer here (.rrd)."""

    def name_parts(self) -> list[str]:
        """Robot, estimator, randomisation and task."""
        e = self.environment
        return [str(e.robot), str(e.estimator), randomization_name(e.randomization), e.task]

    def run(self) -> int:
        """Run the study, show its table and say where its files are."""
        if self.rerun is not None:
            require_rerun()
        arguments = environment_arguments(self.environment, self)
        study = study_of(arguments, self.study.episodes, self.study.seed, self.study.seconds)
        result = run_study(study, self.folder, self.command_line, self.video, self.workers)
        show_result(result, self.folder)
        if self.rerun is not None:
            record_rerun(study, study.seed, self.rerun)
            print(f"rerun   {self.rerun}")
        self.copy_result(result)
        return 0


def study_of(arguments: dict[str, Any], episodes: int, seed: int, seconds: float | None = None) -> ServoStudy:
    """The study in an environment with these arguments."""
    rest = {name: value for name, value in arguments.items() if name not in ("robot", "task")}
    return ServoStudy(arguments["robot"], arguments["task"], episodes, seed, rest, seconds)


def run_study(study: ServoStudy, folder: Path, command: str, videos: int, workers: int = 1) -> dict[str, Any]:
    """Run a study with a progress bar; the content of its result file."""
    with counting_progress("{task.fields[note]}") as progress:
        bar = progress.add_task(f"{study.robot} {study.task}", total=study.episodes, note="")
        successes = 0

        def advance(episode: dict[str, Any]) -> None:
            nonlocal successes
            successes += episode["success"]
            progress.update(bar, advance=1, note=f"{successes} succeeded")

        return run_servo_study(study, folder, command, videos, advance, workers)


def show_result(result: dict[str, Any], folder: Path) -> None:
    """Print the table of a result and where its files are."""
    config, summary = result["config"], result["summary"]
    title = f"{config['env']}  estimator: {config.get('estimator', 'ground_truth')}"
    console = Console()
    console.print(summary_table(summary, title))
    if 0 < summary["with_estimate"]["episodes"] < summary["episodes"]:
        console.print(summary_table(summary["with_estimate"], "of these, episodes that ended with a valid estimate"))
    for episode in result["episodes"]:
        video = video_path(folder, episode["seed"])
        if video.is_file():
            print(f"video   {video}")
    print(f"plot    {folder / 'servo.png'}\nJSON    {folder / 'servo.json'}")
