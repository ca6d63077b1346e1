"""``ctr-env calibrate``: where does a camera stand? From images of the moving robot to a pose with an error bar."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .images import add_image_options, image_sources
from .options import add_robot_option
from .progress import counting_progress

if TYPE_CHECKING:
    from ctr_env.calibration.calibrate import Calibration
    from ctr_env.datasets.frame import Frame
    from ctr_env.datasets.unlabelled import Images
    from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["add_parser"]


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "calibrate",
        help="find the pose of a camera that stands still, from images of the moving robot",
        description="Find where a camera stands in the robot's base frame, from images of the robot in many joint configurations "
        "with their joint angles. No marker and no label is needed.",
    )
    add_robot_option(parser)
    add_image_options(parser, one_camera=True)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights (default: those of the package)")
    parser.add_argument("--adapt", action="store_true", help="adapt the network to the images first, without labels")
    parser.add_argument(
        "--minutes", type=float, default=10.0, metavar="X", help="length of that adaptation (default: 10)"
    )
    parser.add_argument("--refine", action="store_true", help="finish by render-and-compare over all images that fit")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    import numpy as np

    from ctr_env.calibration.advice import advice
    from ctr_env.calibration.calibrate import calibrate
    from ctr_env.calibration.page import calibration_page
    from ctr_env.calibration.report import SCHEMA, calibration_data, write_calibration
    from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
    from ctr_env.estimators.ctrnet.packaged import mirror_for
    from ctr_env.runs.files import write_image
    from ctr_env.runs.versions import versions
    from ctr_env.scenes.robots.kinematics import RobotKinematics

    kinematics = RobotKinematics(options.robot)
    mirror = mirror_for(kinematics.robot, options.weights)
    robot = options.robot if mirror is None else mirror.robot  # whose network looks
    shown = RobotKinematics(robot)
    CtRNetEstimator(shown, _config(options.weights))  # says what is missing before images are taken
    images = _images(options, kinematics)
    frames = images.frames
    seen = frames if mirror is None else {name: mirror.frame(frame) for name, frame in frames.items()}
    weights = _adapted(options, list(seen.values()), robot, shown) if options.adapt else options.weights
    estimator = CtRNetEstimator(shown, _config(weights))
    with counting_progress() as bar:
        task = bar.add_task("pictures", total=len(seen))
        found = calibrate(seen, estimator, options.refine, lambda done: bar.update(task, completed=done))
    page = calibration_page(found, seen, estimator, flipped=mirror is not None)
    camera = next(iter(images.cameras.values()))
    if mirror is not None:
        found = found.reflected(mirror, camera.width)
    joints = np.stack([frame.joint_positions for frame in frames.values()])
    hints = advice(found, joints, kinematics, adapted=options.adapt)
    data = {
        "schema": SCHEMA,
        "command": shlex.join(["ctr-env", *sys.argv[1:]]),
        "config": {name: getattr(options, name) for name in ("robot", "weights", "adapt", "minutes", "refine")},
        "versions": versions(),
        "skipped": [rejected._asdict() for rejected in images.rejected],
        "advice": hints,
        **calibration_data(found, kinematics.robot, camera),
    }
    write_calibration(data, options.out)
    write_image(options.out / "overlays.png", page)
    _show(found, data, hints, options.out)
    return 0


def _config(weights: Path | None) -> dict[str, Any]:
    return {"tracking": False} | ({} if weights is None else {"weights": str(weights)})


def _images(options: argparse.Namespace, kinematics: RobotKinematics) -> Images:
    from ctr_env.datasets.unlabelled import of_one_camera, read_images

    (source,) = image_sources(options, kinematics, options.out / "pictures")
    images = of_one_camera(read_images(source))
    for rejected in images.rejected:
        print(f"skipped: {rejected.reason}", file=sys.stderr)
    return images


def _adapted(options: argparse.Namespace, frames: list[Frame], robot: str, kinematics: RobotKinematics) -> Path:
    """Weights adapted to the very images."""
    from ctr_env.estimators.ctrnet.packaged import packaged_weights
    from ctr_env.learning.self_training.adapter import Adapter
    from ctr_env.learning.self_training.config import AdaptationConfig

    from .adapt import adapt_with_progress, replay_source

    out: Path = options.out / "adapted.safetensors"
    start = options.weights or packaged_weights(kinematics.robot)
    config = AdaptationConfig(robot=robot, minutes=options.minutes)
    replay = replay_source(config, None, start, kinematics)
    adapt_with_progress(Adapter(config, [frames], start, replay, options.out / "adaptation"), out)
    return out


def _show(found: Calibration, data: dict[str, Any], hints: list[str], out: Path) -> None:
    pose = found.camera_T_base
    for title, place_m, prefix in (
        ("base in the camera", pose.translation, ""),
        ("camera in the base", pose.inv().translation, "base_T_camera_"),
    ):
        place = zip(place_m, data[f"{prefix}position_std_mm"], strict=True)
        turns = ", ".join(f"{s:.2f}" for s in data[f"{prefix}rotation_std_deg"])
        print(f"{title} (x, y, z; mm): {', '.join(f'{1e3 * x:.1f} ± {s:.1f}' for x, s in place)}; ± {turns} deg")
    used = sum(fit.own.valid for fit in found.fits)
    differ = data["halves_differ"]
    print(
        f"{used} of {len(found.fits)} images have a pose of their own, in {found.configurations} joint configurations",
        end="; ",
    )
    print(f"halves differ by {differ['position_mm']:.1f} mm, {differ['rotation_deg']:.2f} deg")
    for hint in hints:
        print(f"hint: {hint}")
    for name in ("calibration.json", "calibration.yaml", "overlays.png"):
        print(out / name)
