"""``ctr-env demo``: a short servo that looks good."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from .servo import run_study, show_result

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "demo",
        help="a short servo from pixels, with video",
        description="Servo a few times from pixels: CtRNet tells from the image of the arm where the camera is.",
    )
    parser.add_argument("--robot", default="panda", metavar="NAME", help="panda or baxter (default: panda)")
    parser.add_argument("--episodes", type=int, default=2, metavar="N", help="number of episodes (default: 2)")
    parser.add_argument("--seed", type=int, default=8, metavar="N", help="seed of the first episode (default: 8)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo"),
        metavar="DIR",
        help="folder of the results, one below it for each robot (default: demo)",
    )
    parser.set_defaults(run=_run, task="servo", seconds=None)


def _run(options: argparse.Namespace) -> int:
    from ctr_env.scenes.robots.catalogue import get_robot

    near, far = get_robot(options.robot).camera_distance
    options.video = options.episodes
    options.out = options.out / options.robot
    if (options.out / "study.json").is_file():  # an earlier demonstration: show this one, not its leftovers
        shutil.rmtree(options.out)
    config = {
        "estimator": "ctrnet",
        "randomization": {
            "preset": "mild",
            "camera.distance": {"uniform": [near, 0.5 * (near + far)]},
            "camera.azimuth": {"uniform": [-0.5, 0.5]},
            "camera.elevation": {"uniform": [0.25, 0.65]},
            "camera.fov": {"uniform": [0.75, 0.95]},
            "image.noise_std": 0.003,
        },
    }
    show_result(run_study(options, config), options.out)
    return 0
