"""``ctr-env preview``: what a randomisation looks like."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .options import add_environment_options, environment_config

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "preview",
        help="a sheet of randomised images",
        description="Draw the first images of some episodes side by side.",
    )
    add_environment_options(parser)
    parser.add_argument("--frames", type=int, default=10, metavar="N", help="number of images (default: 10)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the first (default: 0)")
    parser.add_argument("--out", type=Path, default=Path("preview.png"), metavar="FILE", help="image file to write")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import gymnasium as gym

    from ctr_env.evaluation.servo.preview import contact_sheet
    from ctr_env.evaluation.servo.runner import ServoStudy
    from ctr_env.runs.files import write_image

    config = environment_config(options)
    study = ServoStudy(options.robot, options.task, options.frames, options.seed, config)
    env = gym.make(study.env_id, disable_env_checker=True, **config)
    try:
        sheet = contact_sheet(env, range(options.seed, options.seed + options.frames))
    finally:
        env.close()
    write_image(options.out, sheet)
    print(f"{options.frames} images    {options.out}")
    return 0
