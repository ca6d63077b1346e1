"""Self-calibration: cameras whose joint readings, clock, focal length and lens are all a little wrong.

    python benchmarks/self_calibration.py --robot panda --cameras 50 --out runs/self_calibration

For each camera of the test split 25 images under the preset ``mild`` are rendered through a lens with distortion. The
calibration is given joint positions with constant offsets (standard deviation 5 mrad) at a wrong time (up to 60 ms, at
joint velocities of 0.3 rad/s), a focal length that is up to 3 % off, and no distortion. The table compares it with a
calibration of the pose alone: error of the base, and of the gripper in the images (readings and offsets included); then
the share of parameters within 1.96 standard deviations (expected: 95 %), and their errors. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform

from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.result import Calibration
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import CalibrationError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.geometry import pose_error, twist_between
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.files import write_json
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

FIRST_CAMERA = 300
IMAGES = 25
RANDOMIZATION = {"preset": "mild", "camera.distortion": {"uniform": [-0.08, 0.04]}}
OFFSET_STD, SPEED, LAG_S, FOCAL = 0.005, 0.3, 0.06, 0.03
STDS = 1.96


@dataclass(frozen=True)
class Job:
    """One camera."""

    robot: str
    weights: str | None
    camera: int
    file: Path


def run(job: Job) -> None:
    """Calibrate one camera both ways and write the errors."""
    kinematics = RobotKinematics(job.robot)
    sampler = FrameSampler(job.robot, randomization=RANDOMIZATION, fixed_camera=job.camera)
    labelled = [sampler.sample(frame_seed("test", job.camera, i)) for i in range(IMAGES)]
    sampler.close()
    rng = np.random.default_rng(job.camera)
    offsets, lag = rng.normal(0.0, OFFSET_STD, kinematics.n), rng.uniform(-LAG_S, LAG_S)
    factor = 1.0 + rng.uniform(-FOCAL, FOCAL)
    frames = {}
    for i, each in enumerate(labelled):
        velocities = rng.normal(0.0, SPEED, kinematics.n)
        measured = each.joint_positions - offsets - lag * velocities
        camera = replace(each.camera, fx=factor * each.camera.fx, fy=factor * each.camera.fy, distortion=())
        frames[str(i)] = Frame(measured, camera, 0.0, each.image, velocities)
    config = {"tracking": False} | ({} if job.weights is None else {"weights": job.weights})
    estimator = CtRNetEstimator(kinematics, config)
    result: dict[str, Any] = {"camera": job.camera, "truth": {
        "joint_offsets": offsets, "time_offset": [lag], "focal_length": [-np.log(factor)],
        "distortion": labelled[0].camera.distortion[:2], "principal_point": [0.0, 0.0],
    }}  # fmt: skip
    try:
        found = calibrate(frames, estimator, estimate=("auto",))
        alone = calibrate(frames, estimator)
    except CalibrationError as error:
        write_json(job.file, result | {"failed": str(error)})
        return
    truth = labelled[0].camera_T_base
    assert truth is not None
    for name, each in (("self", found), ("alone", alone)):
        twist = twist_between(each.camera_T_base, truth)
        result[name] = {
            "base_mm": 1e3 * pose_error(each.camera_T_base, truth)[0],
            "base_deg": float(np.degrees(pose_error(each.camera_T_base, truth)[1])),
            "gripper_mm": gripper_error(each, kinematics, frames, [frame.joint_positions for frame in labelled], truth),
            "nees": float(twist @ np.linalg.solve(each.covariance, twist)),
        }
    result["blocks"] = {
        each.name: {"estimated": each.estimated, "values": each.values, "std": each.std, "bic_gain": each.bic_gain}
        for each in found.comparisons
        if len(each.values)
    }
    write_json(job.file, result)


def gripper_error(
    found: Calibration,
    kinematics: RobotKinematics,
    frames: dict[str, Frame],
    joints: list[np.ndarray],
    truth: RigidTransform,
) -> float:
    """Mean position error of the gripper in the camera over the images, millimetres."""
    away = []
    for frame, true in zip(frames.values(), joints, strict=True):
        assert frame.joint_velocities is not None
        believed = found.setup.joints(frame.joint_positions, frame.joint_velocities)
        seen = found.camera_T_base * kinematics.base_T_ee(believed)
        away.append(1e3 * pose_error(seen, truth * kinematics.base_T_ee(true))[0])
    return float(np.mean(away))


def show(results: list[dict[str, Any]]) -> None:
    """Print the table."""
    found = [each for each in results if "self" in each]
    print(f"{len(found)} of {len(results)} cameras calibrated; medians and 95th percentiles")
    print(f"{'':24}{'base, mm':>16}{'base, deg':>16}{'gripper, mm':>16}{'NEES':>8}")
    for name, title in (("alone", "pose alone"), ("self", "with self-calibration")):
        text = "".join(
            f"{np.median(values):9.2f}{np.percentile(values, 95):7.2f}"
            for key in ("base_mm", "base_deg", "gripper_mm")
            for values in [[each[name][key] for each in found]]
        )
        print(f"{title:24}{text}{np.mean([each[name]['nees'] for each in found]):8.1f}")
    print(f"\n{'':18}{'estimated':>10}{'inside 95 %':>13}{'error, median':>15}{'without':>10}")
    units = {"joint_offsets": 1e3, "time_offset": 1e3, "focal_length": 1e2, "principal_point": 1.0, "distortion": 1.0}
    for name, unit in units.items():
        tried = [each for each in found if each["blocks"].get(name, {}).get("estimated")]
        truths = np.array([each["truth"][name] for each in tried])
        if not len(tried):
            print(f"{name:18}{0:6} of {len(found)}")
            continue
        values, std = (np.array([each["blocks"][name][key] for each in tried]) for key in ("values", "std"))
        if name == "distortion":  # k1, of which k2 takes a part
            values, std, truths = values[:, :1], std[:, :1], truths[:, :1]
        inside = np.mean(np.abs(values - truths) <= STDS * std)
        errors, before = np.median(np.abs(values - truths)) * unit, np.median(np.abs(truths)) * unit
        print(f"{name:18}{len(tried):6} of {len(found)}{100 * inside:11.0f} %{errors:15.2f}{before:10.2f}")
    print("(mrad, ms, per cent, pixels, k1)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--weights", help="weights (default: those of the package)")
    parser.add_argument("--cameras", type=int, default=50)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = [options.out / f"{FIRST_CAMERA + i}.json" for i in range(options.cameras)]
    jobs = [Job(options.robot, options.weights, int(file.stem), file) for file in files if not file.is_file()]
    for done, ended in enumerate(LocalEngine(options.workers).run(run, jobs), start=1):
        print(
            f"camera {jobs[ended.index].camera}: {'lost' if ended.lost else 'done'} ({done} of {len(jobs)})", flush=True
        )
    show([json.loads(file.read_text()) for file in files if file.is_file()])


if __name__ == "__main__":
    main()
