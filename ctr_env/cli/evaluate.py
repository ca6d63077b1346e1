"""``ctr-env evaluate``: how good are the poses that an estimator finds in single images?"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .images import add_recording_options
from .options import add_robot_option, json_mapping, preset_or_mapping
from .progress import counting_progress

if TYPE_CHECKING:
    from ctr_env.evaluation.pose.runner import RecordingFiles

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "evaluate",
        help="evaluate an estimator on single images: table, JSON, plot, sheet",
        description="Compare an estimator's poses with the true ones, every image on its own. The same command goes "
        "on where it stopped.",
    )
    add_robot_option(parser)
    parser.add_argument(
        "--data", metavar="DIR|synthetic:SPLIT",
        help="folder in the layout of DREAM, or CtRNet's Baxter set, or images drawn of the split train, validation "
        "or test (default: synthetic:test)",
    )  # fmt: skip
    parser.add_argument(
        "--images", metavar="DIR|VIDEO", help="instead: images of a camera that stood still, with the next three"
    )
    add_recording_options(parser)
    parser.add_argument(
        "--pose", type=Path, metavar="FILE",
        help="where that camera stands, as ctr-env calibrate writes it: camera_T_base, or a TransformStamped",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=int, metavar="N", help="the first N frames (default: all of a folder, 200 drawn ones)"
    )
    parser.add_argument("--estimator", default="ctrnet", metavar="NAME", help="estimator, by name (default: ctrnet)")
    parser.add_argument("--estimator-config", type=json_mapping, metavar="JSON", help="configuration of the estimator")
    parser.add_argument(
        "--weights", metavar="FILE", help="weights of a learned estimator: its configuration's entry of that name"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="number of the drawn data set (default: 0)")
    parser.add_argument("--width", type=int, default=640, metavar="PX", help="width of drawn images (default: 640)")
    parser.add_argument("--height", type=int, default=480, metavar="PX", help="their height (default: 480)")
    parser.add_argument(
        "--randomization", type=preset_or_mapping, default="strong", metavar="PRESET|JSON",
        help="of drawn images: none, mild, strong, or a JSON mapping of fields (default: strong)",
    )  # fmt: skip
    parser.add_argument(
        "--metrics", default="all", metavar="NAME",
        help="whose areas under curves to print: dream, ctrnet or all (default); the JSON file has all",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("runs/evaluate"), metavar="DIR", help="folder of the results")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result file here as well")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ctr_env.evaluation.pose.summary import METRICS
    from ctr_env.runs.files import write_json

    if options.metrics not in METRICS:
        raise ValueError(f"unknown metrics {options.metrics!r}; valid names: {', '.join(METRICS)}")
    result = _evaluate(options)
    _show(result, options.out, options.metrics)
    if options.json:
        write_json(options.json, result)
        print(f"JSON    {options.json}")
    return 0


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Run the evaluation with a progress bar; the content of its result file."""
    from ctr_env.evaluation.pose.runner import PoseStudy, run_pose_study

    study = PoseStudy(
        robot=options.robot,
        data=options.images or options.data or "synthetic:test",
        recording=_recording(options),
        frames=options.frames,
        estimator=options.estimator,
        estimator_config=_estimator_config(options),
        seed=options.seed,
        width=options.width,
        height=options.height,
        randomization=options.randomization,
    )
    with counting_progress("{task.fields[note]}") as progress:
        bar = progress.add_task("frames", total=None, note="")
        valid = 0

        def advance(done: int, total: int, record: dict[str, Any] | None) -> None:
            nonlocal valid
            valid += record is not None and record["valid"]
            progress.update(bar, completed=done, total=total, note=f"{valid} valid")

        return run_pose_study(study, options.out, shlex.join(["ctr-env", *sys.argv[1:]]), advance)


def _recording(options: argparse.Namespace) -> RecordingFiles | None:
    from ctr_env.evaluation.pose.runner import RecordingFiles

    files = {name: getattr(options, name) for name in ("joints", "camera", "pose")}
    if options.images is None:
        if any(files.values()):
            raise ValueError("--joints, --camera and --pose belong to --images")
        return None
    if options.data is not None:
        raise ValueError("give --data or --images, not both")
    missing = [f"--{name}" for name, file in files.items() if file is None]
    if missing:
        raise ValueError(f"--images needs {', '.join(missing)} too")
    return RecordingFiles(**files)


def _estimator_config(options: argparse.Namespace) -> dict[str, Any]:
    config = dict(options.estimator_config or {})
    if options.weights is not None:
        if "weights" in config:
            raise ValueError("the weights are given twice: by --weights and by --estimator-config")
        config["weights"] = options.weights
    return config


def _show(result: dict[str, Any], out: Path, metrics: str) -> None:
    """Print the table of a result and where its files are."""
    from rich.console import Console

    from ctr_env.evaluation.pose.summary import pose_table

    config, skipped = result["config"], result["skipped"]
    title = f"{config['robot']}  {config['data']}  estimator: {config['estimator']}"
    Console().print(pose_table(result["summary"], title, metrics))
    if skipped:
        print(f"{len(skipped)} frames skipped, the first: {skipped[0]['file']}: {skipped[0]['reason']}")
    for name, file in (("plot", "evaluate.png"), ("sheet", "sheet.png"), ("JSON", "evaluate.json")):
        print(f"{name:7} {out / file}")
