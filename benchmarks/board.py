"""A calibration with a ChArUco board on the hand beside one without, and beside the board alone.

    python benchmarks/board.py --randomization mild --cameras 12 --out runs/board

Each camera takes 20 images of a Panda that carries the board of the simulation at its gripper. "network" is
``ctr_env.calibrate`` without the board, "with board" the same with it, "board alone" the classical way: the poses of
base and board that minimise the reprojection error of the corners (Huber loss), from the network's pose on. The board's
pose on the gripper is told to none of them. Errors are those of the base. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import RigidTransform

from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.mounted_board import BoardMeasurement, first_board_pose, measured_boards
from ctr_env.datasets.board_file import MountedBoard
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.errors import CalibrationError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.setup import CameraSetup, Parameters
from ctr_env.geometry import pose_error, twist_between
from ctr_env.runs.files import write_json
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.fiducials import robot_board

FIRST_CAMERA = 700
IMAGES = 20
ROBOT = "panda"


def run(camera: int, randomization: str, estimator: CtRNetEstimator, kinematics: RobotKinematics) -> dict[str, Any]:
    """Errors of the calibrations of one camera."""
    sampler = FrameSampler(ROBOT, randomization=randomization, fixed_camera=camera, board_share=1.0)
    labelled = [sampler.sample(frame_seed("test", camera, i), str(i)) for i in range(IMAGES)]
    sampler.close()
    frames = {each.name: undistorted_frame(each.frame()) for each in labelled}
    truth = labelled[0].camera_T_base
    assert truth is not None
    spec = robot_board(kinematics.robot)
    board = MountedBoard(
        columns=spec.columns, rows=spec.rows, square_m=spec.square_m, marker_m=spec.marker_share * spec.square_m,
        dictionary=spec.dictionary,
    )  # fmt: skip
    result: dict[str, Any] = {"camera": camera}
    plain = calibrate(frames, estimator)
    for name, given in (("network", None), ("with board", board)):
        try:
            found = plain if given is None else calibrate(frames, estimator, board=given)
        except CalibrationError as error:
            result[name] = {"failed": str(error)}
            continue
        twist = twist_between(found.camera_T_base, truth)
        result[name] = errors(found.camera_T_base, truth) | {
            "nees": float(twist @ np.linalg.solve(found.covariance, twist)),
            "images": 0 if found.board is None else found.board.images,
        }
    try:
        measured = measured_boards(list(frames.values()), board, kinematics)
        start = replace(plain.setup, link_T_board=first_board_pose(measured, plain.setup))
        alone = board_alone([each for each in measured if each is not None], start)
        result["board alone"] = errors(alone, truth)
    except CalibrationError as error:
        result["board alone"] = {"failed": str(error)}
    return result


def board_alone(measured: Sequence[BoardMeasurement], setup: CameraSetup) -> RigidTransform:
    """``camera_T_base`` that fits the corners best together with the board's pose on its link."""
    parameters = Parameters((), len(setup.joint_offsets), setup.camera.width, np.eye(6))

    def moved(x: np.ndarray) -> CameraSetup:
        return parameters.moved(setup, np.concatenate([x[:6], np.zeros(6), x[6:]]))

    found = least_squares(
        lambda x: np.concatenate([each.residuals(moved(x)).ravel() for each in measured]), np.zeros(12), loss="huber"
    )
    return moved(found.x).camera_T_base


def errors(pose: RigidTransform, truth: RigidTransform) -> dict[str, float]:
    """Position (mm) and rotation (deg) error of the base."""
    position, rotation = pose_error(pose, truth)
    return {"base_mm": 1e3 * position, "base_deg": float(np.degrees(rotation))}


def show(results: list[dict[str, Any]]) -> None:
    """Print the table."""
    seen = [
        each for each in results if all("base_mm" in each[name] for name in ("network", "with board", "board alone"))
    ]
    images = np.mean([each["with board"]["images"] for each in seen]) if seen else 0.0
    print(f"{len(seen)} of {len(results)} cameras have all three; the board is seen in {images:.1f} of {IMAGES} images")
    print(f"{'median, 90 % quantile':24}{'base, mm':>16}{'base, deg':>16}{'NEES, mean':>12}")
    for name in ("network", "board alone", "with board") if seen else ():
        text = "".join(
            f"{np.median(values):9.2f}{np.quantile(values, 0.9):7.2f}"
            for key in ("base_mm", "base_deg")
            for values in [[each[name][key] for each in seen]]
        )
        scaled = [each[name]["nees"] for each in seen if "nees" in each[name]]
        print(f"{name:24}{text}{np.mean(scaled) if scaled else np.nan:12.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--randomization", default="mild")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder = options.out / options.randomization
    folder.mkdir(parents=True, exist_ok=True)
    kinematics = RobotKinematics(ROBOT)
    estimator = CtRNetEstimator(kinematics, {"tracking": False, "precision": "float32"})
    results = []
    for camera in range(FIRST_CAMERA, FIRST_CAMERA + options.cameras):
        file = folder / f"{camera}.json"
        if not file.is_file():
            write_json(file, run(camera, options.randomization, estimator, kinematics))
            print(f"camera {camera}: done", flush=True)
        results.append(json.loads(file.read_text()))
    show(results)


if __name__ == "__main__":
    main()
