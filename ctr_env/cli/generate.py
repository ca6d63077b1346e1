"""``ctr-env generate``: synthetic labelled images for training and evaluation."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from .options import add_robot_option, preset_or_mapping
from .progress import counting_progress

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "generate",
        help="draw labelled images of a robot",
        description="Draw labelled images in the layout of DREAM. The same command goes on where it stopped.",
    )
    add_robot_option(parser)
    parser.add_argument("--frames", type=int, required=True, metavar="N", help="frames that the folder shall have")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--split", default="train", metavar="NAME", help="train, validation or test (default: train)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="number of the data set (default: 0)")
    parser.add_argument("--width", type=int, default=640, metavar="PX", help="image width (default: 640)")
    parser.add_argument("--height", type=int, default=480, metavar="PX", help="image height (default: 480)")
    look = parser.add_mutually_exclusive_group()
    look.add_argument(
        "--randomization", type=preset_or_mapping, default="strong", metavar="PRESET|JSON",
        help="none, mild, strong, lab, workshop, or a JSON mapping of fields (default: strong)",
    )  # fmt: skip
    look.add_argument(
        "--clean", action="store_true",
        help="for ctr-env pretrain: views a little wider than strong, and no image effects, which it adds anew",
    )  # fmt: skip
    parser.add_argument(
        "--board-share", type=float, default=0.25, metavar="SHARE",
        help="share of frames with a calibration board in the gripper (default: 0.25)",
    )  # fmt: skip
    parser.add_argument(
        "--backgrounds", metavar="DIR", help="photographs and panoramas to put behind the robot in half of the frames"
    )
    parser.add_argument("--renderer", default="classic", metavar="NAME", help="classic (default), filament or mitsuba")
    parser.add_argument(
        "--fixed-camera", type=int, metavar="N",
        help="all frames from camera number N, which is the same in every split (default: each frame its own)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one per core)"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ctr_env.datasets.synthetic.generate import GenerateConfig, generate
    from ctr_env.learning.supervised.sources import TRAINING_RANDOMIZATION

    for name in ("frames", "workers", "width", "height"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} must be at least 1, not {getattr(options, name)}")
    config = GenerateConfig(
        robot=options.robot,
        split=options.split,
        seed=options.seed,
        width=options.width,
        height=options.height,
        randomization=dict(TRAINING_RANDOMIZATION) if options.clean else options.randomization,
        board_share=options.board_share,
        backgrounds=options.backgrounds,
        renderer=options.renderer,
        fixed_camera=options.fixed_camera,
    )
    with counting_progress() as progress:
        task = progress.add_task("frames", total=options.frames)
        for done in generate(config, options.out, options.frames, options.workers):
            progress.update(task, completed=done)
    print(f"{options.frames} frames    {options.out}")
    return 0
