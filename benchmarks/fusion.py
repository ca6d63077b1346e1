"""Fusion of estimates over time: accuracy, and consistency of the covariances.

    python benchmarks/fusion.py --robot panda --seeds 50 --out runs/fusion
    python benchmarks/fusion.py --robot panda --seeds 50 --moving --out runs/fusion_moving

Without ``--moving``, a fixed camera observes 50 joint configurations of the arm; room, lighting, camera and encoder
errors of an episode (preset ``strong``) are constant. The table compares the poses of single frames with those of
``sliding_window`` after 10 and 50 frames: error at the gripper (encoder errors included) and of the base, NEES
(expected: six), the share of errors inside the 50, 90 and 95 % regions of the covariance, and the rank correlation of
predicted and actual errors.

With ``--moving``, the camera moves as in ``PandaTrack``, and single frames are compared with ``pose_filter``, without
and with image motion; the lower rows are those of the second half of each sequence, when arm and camera have moved. An
interrupted run resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import RigidTransform
from scipy.stats import chi2, spearmanr

from ctr_env.datasets.frame import Frame
from ctr_env.envs import ServoEnv
from ctr_env.estimators import GroundTruth, PoseEstimate, make_estimator
from ctr_env.estimators.fusion.fusing_estimator import FusingEstimator
from ctr_env.evaluation.pose.metrics import nees
from ctr_env.geometry import PinholeCamera, pose_error, twist_between
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.files import write_json
from ctr_env.scenes.robots.kinematics import RobotKinematics

CONFIGURATIONS, FUSED = 50, (10, 50)
MOVING_STEPS = 90
SPREAD_RAD = 0.6
LEVELS = (0.5, 0.9, 0.95)
CAMERA = PinholeCamera.from_fov(1.0, 640, 480)  # of records, whose poses are fused without images


def written(estimate: PoseEstimate, env: ServoEnv) -> dict[str, Any]:
    """An estimate and the truth of this instant, for a file."""
    now, sensitivity = env.snapshot, estimate.joint_sensitivity
    return {
        "time_s": now.time_s,
        "joints": now.joint_positions.tolist(),
        "valid": estimate.valid,
        "camera_T_base": estimate.camera_T_base.as_matrix().tolist(),
        "covariance": estimate.covariance.tolist(),
        "joint_sensitivity": None if sensitivity is None else sensitivity.tolist(),
        "true_camera_T_base": now.camera_T_base.as_matrix().tolist(),
        "true_base_T_ee": now.base_T_ee.as_matrix().tolist(),
    }


def read(record: dict[str, Any]) -> tuple[Frame, PoseEstimate, GroundTruth]:
    """What was written."""
    pose = RigidTransform.from_matrix(record["camera_T_base"])
    known, covariance = record["joint_sensitivity"], np.array(record["covariance"])
    sensitivity = None if known is None else np.array(known)
    estimate = PoseEstimate(pose, covariance, record["valid"], record["time_s"], joint_sensitivity=sensitivity)
    truth = RigidTransform.from_matrix(record["true_camera_T_base"])
    gripper = truth * RigidTransform.from_matrix(record["true_base_T_ee"])
    frame = Frame(np.array(record["joints"]), CAMERA, record["time_s"])
    return frame, estimate, GroundTruth(record["time_s"], truth, gripper)


def judged(
    frame: Frame, estimate: PoseEstimate, truth: GroundTruth, kinematics: RobotKinematics
) -> dict[str, Any] | None:
    """Errors of a valid estimate."""
    if not estimate.valid:
        return None
    true, gripper = truth.camera_T_base, truth.camera_T_ee
    assert gripper is not None
    seen = estimate.camera_T_base * kinematics.base_T_ee(frame.joint_positions)
    gripper_m, gripper_rad = pose_error(seen, gripper)
    base_m, base_rad = pose_error(estimate.camera_T_base, true)
    return {
        "gripper_m": gripper_m,
        "gripper_rad": gripper_rad,
        "base_m": base_m,
        "base_rad": base_rad,
        "expected_m": float(np.sqrt(np.trace(estimate.covariance[:3, :3]))),
        "nees": nees(twist_between(estimate.camera_T_base, true), estimate.covariance),
    }


def in_view(env: ServoEnv, rng: np.random.Generator) -> bool:
    """Move the arm to a joint configuration near home without contact and inside the image."""
    k = env.kinematics
    for _ in range(100):
        joints = np.clip(k.home + rng.uniform(-SPREAD_RAD, SPREAD_RAD, k.n), k.lower + 0.05, k.upper - 0.05)
        env.scene.place_arm(joints)
        if not env.scene.touches() and env.scene.arm_in_view() > 0.5:
            return True
    return False


def seen(robot: str, seed: int, moving: bool) -> list[dict[str, Any]]:
    """Records of single frames of one camera."""
    task = {"task": "track", "moving": "camera"} if moving else {"action_mode": "joint_velocity"}
    env = ServoEnv(robot=robot, randomization="strong", width=640, height=480, **task)
    estimator = make_estimator("ctrnet", {"tracking": moving}, env.kinematics)
    env.reset(seed=seed)
    rng = np.random.default_rng([seed, 77])
    estimator.reset(rng)
    motion = make_estimator("pose_filter", {"image_motion": True}, env.kinematics) if moving else None
    records = []
    for _ in range(MOVING_STEPS if moving else CONFIGURATIONS):
        if not moving and not in_view(env, rng):
            raise RuntimeError(f"seed {seed}: no joint configuration in view")
        env.step(np.zeros(env.action_space.shape))
        now = env.snapshot
        frame = Frame(now.joint_positions, now.camera, now.time_s, env.image())
        estimate = estimator.estimate(frame)
        records.append(written(estimate, env))
        if isinstance(motion, FusingEstimator):  # here, because the records have no images
            records[-1]["filtered"] = written(motion.take(frame, estimate), env)
    env.close()
    return records


class Run(NamedTuple):
    """A camera, and the file of its records."""

    robot: str
    seed: int
    moving: bool
    file: Path


def write_seen(run: Run) -> None:
    """Write the records of a camera, unless they exist."""
    if not run.file.is_file():
        write_json(run.file, seen(run.robot, run.seed, run.moving))


Errors = dict[str, list[dict[str, Any] | None]]


def fused(runs: list[list[dict[str, Any]]], kinematics: RobotKinematics) -> Errors:
    """Errors of single frames and of windows by the name of their row."""
    errors: Errors = {"single": []}
    estimator = make_estimator("sliding_window", {}, kinematics)
    assert isinstance(estimator, FusingEstimator)
    for run in runs:
        estimator.forget()
        for count, record in enumerate(run, 1):
            frame, measured, truth = read(record)
            errors["single"].append(judged(frame, measured, truth, kinematics))
            together = estimator.take(frame, measured)
            if count in FUSED:
                errors.setdefault(f"{count} frames", []).append(judged(frame, together, truth, kinematics))
    return errors


def filtered(runs: list[list[dict[str, Any]]], kinematics: RobotKinematics) -> Errors:
    """Errors of single frames and of filters, of whole sequences and of their second halves."""
    errors: Errors = {}
    estimator = make_estimator("pose_filter", {}, kinematics)
    assert isinstance(estimator, FusingEstimator)
    for half in ("", ", 2nd half"):
        for run in runs:
            estimator.forget()
            for count, record in enumerate(run):
                frame, measured, truth = read(record)
                poses = {"single": measured, "random walk": estimator.take(frame, measured)}
                poses["image motion"] = read(record["filtered"])[1]
                if not half or count >= len(run) // 2:
                    for name, pose in poses.items():
                        errors.setdefault(name + half, []).append(judged(frame, pose, truth, kinematics))
    return errors


def row(name: str, errors: list[dict[str, Any] | None]) -> str:
    there = [error for error in errors if error is not None]
    if not there:
        return f"{name:23}no valid estimate"
    of = {key: np.array([error[key] for error in there if error[key] is not None]) for key in there[0]}
    inside = [np.mean(of["nees"] <= chi2.ppf(level, 6)) for level in LEVELS]
    rank = spearmanr(of["expected_m"], of["base_m"]).statistic if len(there) > 2 else np.nan
    return (
        f"{name:23}{len(there):5} of {len(errors):5}"
        f"{1e3 * np.median(of['gripper_m']):8.2f} mm {np.degrees(np.median(of['gripper_rad'])):6.3f} deg"
        f"{1e3 * np.median(of['base_m']):8.2f} mm {np.degrees(np.median(of['base_rad'])):6.3f} deg"
        f"{np.mean(of['nees']):9.1f}{np.median(of['nees']):7.1f}   "
        + " ".join(f"{100 * share:3.0f}" for share in inside)
        + f"{rank:8.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--moving", action="store_true", help="a moving camera, filtered")
    parser.add_argument("--workers", type=int, help="number of processes (default: one for each core)")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first, options.first + options.seeds)
    kind = "moving" if options.moving else "still"
    cameras = [
        Run(options.robot, seed, options.moving, options.out / f"{options.robot}_{kind}_{seed:03d}.json")
        for seed in seeds
    ]
    for ended in LocalEngine(options.workers).run(write_seen, cameras):
        print(f"seed {seeds[ended.index]}{'  ' + ended.lost if ended.lost else ''}", flush=True)
    runs = [json.loads(camera.file.read_text()) for camera in cameras]
    print(
        f"\n{options.robot}: valid estimates, median errors at the gripper and of the base, "
        "NEES mean and median, % inside 50 90 95, rank correlation"
    )
    together = filtered if options.moving else fused
    for name, errors in together(runs, RobotKinematics(options.robot)).items():
        print(row(name, errors))


if __name__ == "__main__":
    main()
