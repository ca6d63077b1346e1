"""Accuracy of ``ctr-env calibrate``: many cameras under a scene preset, 25 images of each.

    python benchmarks/calibration.py --robot panda --randomization lab --cameras 100 --adapted 10 --out runs/calibration
    python benchmarks/calibration.py --robot examples/ur10.yaml --weights ur10.safetensors --cameras 10 --out runs/ur10

Images are rendered with the filament renderer and calibrated with ``--refine``; the first cameras are calibrated again
with ``--adapt``. The table has the position and rotation error of ``camera_T_base``, the position error of the gripper
in the home configuration (half a metre before the base, where tasks are), NEES (expected: six), and the share of errors
inside the 95 % region of the covariance. Cameras without a calibration are counted. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from commands import generated, tried
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2

from ctr_env.datasets.dream_reader import DreamFolder
from ctr_env.evaluation.pose.metrics import nees
from ctr_env.geometry import pose_error, twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

FIRST_CAMERA = 100  # benchmarks/sim_to_real.py adapts to cameras before it
IMAGES = 25

Errors = dict[str, float]


def calibrated(robot: str, images: Path, out: Path, *more: object) -> bool:
    """Whether there is a calibration of a camera."""
    finished = (out / "calibration.json").is_file()
    return finished or tried("calibrate", "--robot", robot, "--data", images, "--refine", *more, "--out", out)


def errors(images: Path, out: Path, kinematics: RobotKinematics) -> Errors:
    """Errors of a calibration."""
    found = json.loads((out / "calibration.json").read_text())
    folder = DreamFolder(images, kinematics)
    true = folder.read_labels(folder.names[0])["camera_T_base"]
    pose, covariance = RigidTransform.from_matrix(found["camera_T_base"]), np.array(found["covariance"])
    home = kinematics.base_T_ee(kinematics.home)
    base_m, base_rad = pose_error(pose, true)
    return {
        "base_mm": 1e3 * base_m,
        "base_deg": float(np.degrees(base_rad)),
        "gripper_mm": 1e3 * pose_error(pose * home, true * home)[0],
        "nees": nees(twist_between(pose, true), covariance),
    }


def row(name: str, found: list[Errors], tries: int) -> str:
    if not found:
        return f"{name:20}{0:4} of {tries}"
    of = {key: np.array([each[key] for each in found]) for key in found[0]}
    spread = "".join(
        f"{np.median(of[key]):10.2f}{np.percentile(of[key], 95):8.2f}" for key in ("base_mm", "base_deg", "gripper_mm")
    )
    inside = np.mean(of["nees"] <= chi2.ppf(0.95, 6))
    return f"{name:20}{len(found):4} of {tries}{spread}{of['nees'].mean():10.1f}{100 * inside:8.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda", help="panda, baxter, or a file that describes another robot")
    parser.add_argument("--weights", type=Path, help="weights (default: those of the package)")
    parser.add_argument("--randomization", default="lab")
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument(
        "--adapted", type=int, default=10, help="number of cameras that are calibrated with an adapted network too"
    )
    parser.add_argument("--minutes", type=float, default=4.0, help="length of each adaptation")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    kinematics = RobotKinematics(options.robot)
    name = kinematics.robot.name
    out = options.out / name / options.randomization
    weights: tuple[object, ...] = () if options.weights is None else ("--weights", options.weights)
    adapting = ("--adapt", "yes", "--minutes", options.minutes)
    plain: dict[int, Errors] = {}
    adapted: dict[int, Errors] = {}
    for i in range(options.cameras):
        place = out / f"{FIRST_CAMERA + i}"
        generated(options.robot, options.randomization, "test", IMAGES, place / "images", FIRST_CAMERA + i)
        if calibrated(options.robot, place / "images", place / "refined", *weights, "--adapt", "no"):
            plain[i] = errors(place / "images", place / "refined", kinematics)
        if i < options.adapted and calibrated(options.robot, place / "images", place / "adapted", *weights, *adapting):
            adapted[i] = errors(place / "images", place / "adapted", kinematics)
    print(f"\n{name}, {options.randomization}: cameras found; median and 95th percentile of errors")
    print(f"{'':29}{'base, mm':>18}{'base, deg':>18}{'gripper, mm':>18}{'NEES':>10}{'95 %':>8}")
    first = [plain[i] for i in range(options.adapted) if i in plain]
    print(row("refined", list(plain.values()), options.cameras))
    if options.adapted:
        print(row(f"the first {options.adapted}", first, options.adapted))
        print(row("these, adapted", list(adapted.values()), options.adapted))


if __name__ == "__main__":
    main()
