"""``ctr-env adapt``: a trained network learns from images that nobody labelled."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .images import add_image_options, image_sources
from .options import add_robot_option, json_mapping

if TYPE_CHECKING:
    from ctr_env.datasets.folders import RejectedFrame
    from ctr_env.datasets.frame import Frame
    from ctr_env.learning.self_training.adapter import Adapter
    from ctr_env.learning.self_training.config import AdaptationConfig
    from ctr_env.learning.supervised.sources import FrameSource
    from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["adapt_with_progress", "add_parser", "replay_source"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "adapt",
        help="adapt a trained network to unlabelled images of a robot",
        description="Adapt a trained network to images with joint angles and intrinsics, and nothing else: "
        "the robot's own silhouette is what it learns from. The same command goes on where it stopped.",
    )
    add_robot_option(parser)
    add_image_options(parser)
    parser.add_argument(
        "--moving-camera", action="store_true",
        help="the camera moves: every image has a pose of its own (default: each camera stands still)",
    )  # fmt: skip
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="what to begin with (default: the packaged weights)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="weights file to write")
    parser.add_argument(
        "--run", dest="folder", type=Path, metavar="DIR",
        help="folder of checkpoint, curves and overlays (default: the weights file's name without its ending)",
    )  # fmt: skip
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="X", help="length in minutes without pauses (default: 20)")
    length.add_argument("--steps", type=int, metavar="N", help="length in optimiser steps instead")
    parser.add_argument(
        "--replay", type=Path, metavar="DIR",
        help="folder of synthetic frames to replay (see ctr-env generate --clean; default: fresh ones)",
    )  # fmt: skip
    parser.add_argument(
        "--config", type=json_mapping, default={}, metavar="JSON",
        help="other settings of AdaptationConfig, such as '{\"replay_share\": 0, \"mask\": 0}'",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ctr_env.estimators.ctrnet.packaged import mirror_for, packaged_weights
    from ctr_env.learning.self_training.adapter import Adapter
    from ctr_env.scenes.robots.kinematics import RobotKinematics

    config, kinematics = _config(options), RobotKinematics(options.robot)
    mirror = mirror_for(kinematics.robot, options.weights)
    if mirror is not None:
        config = replace(config, robot=mirror.robot)
    shown = RobotKinematics(config.robot)  # whose network looks
    weights = options.weights or packaged_weights(shown.robot)
    folder = options.folder or options.out.with_suffix("")
    images, skipped = _images(options, kinematics, folder)
    if mirror is not None:
        images = [[mirror.frame(frame) for frame in group] for group in images]
    adapter = Adapter(config, images, weights, replay_source(config, options.replay, weights, shown), folder)
    adapt_with_progress(adapter, options.out)
    _report(adapter, weights, options.out, images, skipped, flipped=mirror is not None)
    return 0


def _config(options: argparse.Namespace) -> AdaptationConfig:
    from ctr_env.learning.self_training.config import AdaptationConfig
    from ctr_env.runs.configuration import config_from_mapping

    own = ("robot", "fixed_camera", "minutes", "steps")
    for name in own:
        if name in options.config:
            raise ValueError(f"--config: {name} has an option of its own")
    minutes = 20.0 if options.minutes is None and options.steps is None else options.minutes
    chosen = (options.robot, not options.moving_camera, minutes, options.steps)
    return config_from_mapping(AdaptationConfig, {**options.config, **dict(zip(own, chosen, strict=True))})


def _images(
    options: argparse.Namespace, kinematics: RobotKinematics, folder: Path
) -> tuple[list[list[Frame]], list[RejectedFrame]]:
    from ctr_env.datasets.unlabelled import of_one_camera, read_images

    groups, skipped = [], []
    for source in image_sources(options, kinematics, folder / "pictures"):
        found = read_images(source)
        if not options.moving_camera:
            found = of_one_camera(found)
        for rejected in found.rejected:
            print(f"skipped: {rejected.reason}", file=sys.stderr)
        groups.append(list(found.frames.values()))
        skipped += found.rejected
    return groups, skipped


def replay_source(
    config: AdaptationConfig, folder: Path | None, weights: Path, kinematics: RobotKinematics
) -> FrameSource | None:
    """What is replayed: a folder's frames, fresh ones, or nothing."""
    from ctr_env.estimators.ctrnet.points import LinkPoint
    from ctr_env.estimators.ctrnet.weights import read_header
    from ctr_env.learning.supervised.sources import FolderSource, SimulatorSource

    if config.replay_share == 0.0:
        return None
    points = [LinkPoint(*point) for point in read_header(weights).keypoints]
    if folder is not None:
        return FolderSource(folder, kinematics, points)
    return SimulatorSource(config.robot, points, config.seed)


def adapt_with_progress(adapter: Adapter, out: Path) -> None:
    """Run to the end with a progress bar; weights are written after every look that is the best so far."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from ctr_env.learning.self_training.teacher import Evaluation

    columns = TextColumn("adapting"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, TextColumn("{task.description}")) as bar:
        task = bar.add_task("the teacher looks at all images", total=1.0)
        bar.update(task, completed=adapter.progress)

        def step(number: int, progress: float, parts: dict[str, float]) -> None:
            bar.update(task, completed=progress, description=f"step {number}  loss {parts['loss']:.2f}")

        def look(found: Evaluation) -> None:
            adapter.write(out)
            bar.console.print(
                f"{found.progress:4.0%}  agreement {found.score:.3f}  contour explained {found.contour_inlier_ratio:.2f}  "
                f"images used {found.usable:.0%}"
            )

        adapter.run(step, look)


def _report(
    adapter: Adapter, start: Path, out: Path, images: list[list[Frame]], skipped: list[RejectedFrame], flipped: bool
) -> None:
    from ctr_env.learning.self_training.report import adaptation_sheet, plot_adaptation
    from ctr_env.runs.files import write_image, write_json
    from ctr_env.runs.versions import versions

    config, rounds = adapter.config, [each.record() for each in adapter.rounds]
    rows = {"before": start, "after": out}
    sheet = adaptation_sheet(rows, config.robot, images, config.fixed_camera, flipped=flipped, device=config.device)
    write_image(adapter.folder / "overlays.png", sheet)
    plot_adaptation(adapter.history, rounds, adapter.folder / "curves.png")
    summary = {
        "score_before": rounds[0]["score"],
        "score_after": max(each["score"] for each in rounds),
        "steps": adapter.step,
        "minutes": adapter.seconds / 60.0,
    }
    result = {
        "schema": "ctr_env/adapt@1",
        "command": shlex.join(["ctr-env", *sys.argv[1:]]),
        "config": asdict(config),
        "versions": versions(),
        "pictures": [len(group) for group in images],
        "skipped": [rejected._asdict() for rejected in skipped],
        "rounds": rounds,
        "summary": summary,
    }
    write_json(adapter.folder / "adapt.json", result)
    print(f"agreement {summary['score_before']:.3f} -> {summary['score_after']:.3f}, {adapter.step} steps    {out}")
    for name in ("overlays.png", "curves.png", "adapt.json"):
        print(f"{adapter.folder / name}")
