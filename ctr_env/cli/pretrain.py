"""``ctr-env pretrain``: train a network on synthetic images."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from .options import add_robot_option
from .progress import counting_progress

__all__ = ["add_parser"]

_OVERLAYS_EVERY = 200  # steps
_OVERLAYS = 6
_UNSEEN = 9_999_000  # examples that hardly any training reaches


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "pretrain",
        help="train a network on synthetic images",
        description="Train a network on synthetic images: those of a folder (see ctr-env generate), or fresh ones. "
        "The same command goes on where it stopped, also after a crash.",
    )
    text = {"metavar": "NAME", "type": str}
    number = {"metavar": "N", "type": int}
    real = {"metavar": "X", "type": float}
    folder = {"metavar": "DIR", "type": str}
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoint, weights, TensorBoard files")
    add_robot_option(parser)
    parser.add_argument("--architecture", **text, help="compact or deeplab_resnet50 (default: compact)")
    parser.add_argument("--data", **folder, help="folder of frames with masks (default: fresh ones)")
    parser.add_argument("--backgrounds", **folder, help="photographs and panoramas for behind the robot")
    parser.add_argument("--initial", metavar="FILE", type=str, help="weights to begin with (default: random)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", **real, help="length of the training in minutes, pauses not counted")
    length.add_argument("--steps", **number, help="length of the training in optimiser steps")
    parser.add_argument("--batch", **number, help="examples in a step (default: 32)")
    parser.add_argument("--learning-rate", **real, help="highest learning rate (default: 0.002)")
    parser.add_argument("--width", **number, help="width of the network's input (default: 256)")
    parser.add_argument("--height", **number, help="height of the network's input (default: 192)")
    parser.add_argument("--seed", **number, help="seed of weights, frames and augmentation (default: 0)")
    parser.add_argument("--workers", **number, help="processes that prepare examples (default: 1)")
    parser.add_argument(
        "--precision", **text, help="Lightning Fabric's name of the arithmetic (default: what is native)"
    )
    parser.add_argument(
        "--validation-frames", type=int, default=200, metavar="N",
        help="frames that the finished weights are measured on, 0 for none (default: 200)",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from ctr_env.learning.supervised.config import TrainingConfig

    if options.validation_frames < 0:
        raise ValueError(f"--validation-frames must be at least 0, not {options.validation_frames}")
    names = {field.name for field in fields(TrainingConfig)}
    given = {name: value for name, value in vars(options).items() if name in names and value is not None}
    config = TrainingConfig(**given)
    try:
        from ctr_env.learning.supervised.monitor import Monitor
        from ctr_env.learning.supervised.trainer import Trainer

        trainer = Trainer(config, options.out)
        monitor = Monitor(options.out / "tensorboard")
    except ModuleNotFoundError as error:
        raise RuntimeError(f"training needs {error.name}: pip install 'ctr-env[train]'") from error
    samples = trainer.examples(_UNSEEN, _OVERLAYS)
    columns = (
        TextColumn("training"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with monitor, Progress(*columns) as bar:
        task = bar.add_task("", total=1.0)

        def report(step: int, progress: float, parts: dict[str, float]) -> None:
            monitor.step(step, parts)
            text = f"step {step}  loss {parts['loss']:.2f}  keypoints {parts['error_px']:.1f} px"
            bar.update(task, completed=progress, description=text)
            if step % _OVERLAYS_EVERY == 0:
                monitor.images(step, samples, trainer.predict(samples))

        weights = trainer.run(report)
    print(f"{trainer.step} steps in {trainer.seconds / 60:.1f} min    {weights}")
    if trainer.fabric.is_global_zero and options.validation_frames:
        _validate(weights, options.robot, options.validation_frames)
    return 0


def _validate(weights: Path, robot: str, frames: int) -> None:
    """Measure the weights on frames that training did not see, and scale their covariances."""
    from ctr_env.evaluation.pose.uncertainty import fit_uncertainty

    with counting_progress() as bar:
        task = bar.add_task("validation", total=frames)
        figures = fit_uncertainty(weights, robot, frames, lambda done, *_: bar.update(task, completed=done))
    found = figures["validation"]
    median = "none" if found["add_median_m"] is None else f"{1e3 * found['add_median_m']:.1f} mm"
    print(f"validation, {frames} frames: ADD AUC {found['add_auc_ctrnet']:.1f}, median ADD {median}")
