"""``ctr-env servo``: run servoing episodes and report their errors."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from .options import add_environment_options, environment_config
from .progress import counting_progress

__all__ = ["add_parser", "run_study", "show_result"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "servo",
        help="run servoing episodes: table, JSON, plot, video",
        description="Run servoing episodes with the controller alone. An interrupted run goes on where it stopped.",
    )
    add_environment_options(parser)
    parser.add_argument("--episodes", type=int, default=20, metavar="N", help="number of episodes (default: 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the first episode (default: 0)")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="length of an episode (default: 8 in servo, 10 in track)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/servo"), metavar="DIR", help="folder of the results")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result file here as well")
    parser.add_argument(
        "--video",
        type=int,
        nargs="?",
        const=1,
        default=0,
        metavar="N",
        help="video the first N episodes (default: 1)",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    result = run_study(options, environment_config(options))
    show_result(result, options.out)
    if options.json:
        from ctr_env.runs.files import write_json

        write_json(options.json, result)
        print(f"JSON    {options.json}")
    return 0


def run_study(options: argparse.Namespace, env_config: dict[str, Any]) -> dict[str, Any]:
    """Run the study that the options describe, with a progress bar; the content of its result file."""
    from ctr_env.evaluation.servo.runner import ServoStudy, run_servo_study

    study = ServoStudy(options.robot, options.task, options.episodes, options.seed, env_config, options.seconds)
    with counting_progress("{task.fields[note]}") as progress:
        bar = progress.add_task(f"{options.robot} {options.task}", total=study.episodes, note="")
        successes = 0

        def advance(episode: dict[str, Any]) -> None:
            nonlocal successes
            successes += episode["success"]
            progress.update(bar, advance=1, note=f"{successes} succeeded")

        command = shlex.join(["ctr-env", *sys.argv[1:]])
        return run_servo_study(study, options.out, command, options.video, advance)


def show_result(result: dict[str, Any], out: Path) -> None:
    """Print the table of a result and where its files are."""
    from rich.console import Console

    from ctr_env.evaluation.servo.runner import video_path
    from ctr_env.evaluation.servo.summary import summary_table

    config, summary = result["config"], result["summary"]
    title = f"{config['env']}  estimator: {config.get('estimator', 'ground_truth')}"
    console = Console()
    console.print(summary_table(summary, title))
    if 0 < summary["with_estimate"]["episodes"] < summary["episodes"]:
        console.print(summary_table(summary["with_estimate"], "of these, episodes that ended with a valid estimate"))
    for episode in result["episodes"]:
        record = video_path(out, episode["seed"])
        if record.is_file():
            print(f"video   {record}")
    print(f"plot    {out / 'servo.png'}\nJSON    {out / 'servo.json'}")
