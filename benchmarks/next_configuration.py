"""Choice of joint configurations: proposed ones against random ones.

    python benchmarks/next_configuration.py --robot panda --seeds 20 --out runs/next_configuration

Each camera (preset ``strong``, encoder errors included) takes the same first image, then those of joint configurations
that are proposed one after the other (as ``ctr-env calibrate --interactive`` does), and of others drawn at random from
the same reachable ones. The table compares the errors of the base after some images, fused as on the page. Images
without a valid estimate count as taken. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.calibration.interactive.evidence import TakenImage, fused_evidence
from ctr_env.calibration.interactive.proposals import Proposals
from ctr_env.calibration.reachable import ReachableConfigurations
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.envs import ServoEnv
from ctr_env.estimators import PoseEstimator, make_estimator
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import pose_error
from ctr_env.runs.files import write_json

COUNTS = (3, 6, 10)  # images after which errors are compared
RANDOM = 3  # random sequences of each camera
POOL = 150


class Camera:
    """One camera of an environment, whose arm is placed anywhere."""

    def __init__(self, robot: str, seed: int) -> None:
        self.env = ServoEnv(robot=robot, randomization="strong", width=640, height=480, action_mode="joint_velocity")
        self.env.reset(seed=seed)
        self.estimator: PoseEstimator = make_estimator("ctrnet", {"tracking": False}, self.env.kinematics)
        self.systematic = systematic_covariance(self.estimator.systematic_m, self.estimator.systematic_rad)

    def take(self, joints: NDArray[np.float64]) -> TakenImage:
        self.env.scene.place_arm(joints)
        self.env.step(np.zeros(self.env.action_space.shape))
        now = self.env.snapshot
        frame = Frame(now.joint_positions, now.camera, now.time_s, self.env.image())
        return TakenImage("", frame.joint_positions, self.estimator.estimate(undistorted_frame(frame)))

    def proposed(self, first: TakenImage) -> Iterator[TakenImage]:
        proposals = Proposals(self.env.kinematics, self.env.snapshot.camera.undistorted)
        taken = [first]
        while len(taken) < max(COUNTS):
            evidence = fused_evidence(taken, self.systematic, self.estimator.joint_std_rad)
            pose = self.env.snapshot.camera_T_base if evidence is None else evidence.fused.pose
            failed = [image.joint_positions for image in taken if not image.estimate.valid]
            best = proposals.best(pose, evidence, taken[-1].joint_positions, failed)
            if best is None:
                return
            taken.append(self.take(best.joint_positions))
            yield taken[-1]

    def errors(self, taken: list[TakenImage]) -> dict[str, list[float] | None]:
        found: dict[str, list[float] | None] = {}
        for count in COUNTS:
            evidence = fused_evidence(taken[:count], self.systematic, self.estimator.joint_std_rad)
            truth = self.env.snapshot.camera_T_base
            found[str(count)] = None if evidence is None else list(pose_error(evidence.fused.pose, truth))
        return found


def compared(robot: str, seed: int) -> dict[str, Any]:
    """Errors (m, rad) of the proposed and of random sequences of one camera."""
    camera = Camera(robot, seed)
    kinematics, now = camera.env.kinematics, camera.env.snapshot
    first = camera.take(kinematics.home)
    pool = ReachableConfigurations(kinematics.robot, now.camera.undistorted).sample(
        now.camera_T_base, POOL, np.random.default_rng(seed)
    )
    n = max(COUNTS) - 1
    if len(pool) < n:
        camera.env.close()
        return {}
    found: dict[str, Any] = {"proposed": [camera.errors([first, *camera.proposed(first)])], "random": []}
    rng = np.random.default_rng([seed, 1])
    for _ in range(RANDOM):
        chosen = rng.choice(len(pool), n, replace=False)
        found["random"].append(camera.errors([first, *(camera.take(pool[i]) for i in chosen)]))
    camera.env.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows: dict[str, dict[str, list[list[float]]]] = {"proposed": {}, "random": {}}
    used = 0
    for seed in range(given.seeds):
        file = given.out / f"{given.robot}-{seed:04d}.json"
        if not file.is_file():
            write_json(file, compared(given.robot, seed))
        content = json.loads(file.read_text())
        used += bool(content)
        for kind, sequences in content.items():
            for errors in sequences:
                for count, error in errors.items():
                    rows[kind].setdefault(count, []).append(error or [np.inf, np.inf])
    print(f"{used} of {given.seeds} cameras see enough reachable joint configurations")
    for kind, by_count in rows.items():
        for count, errors in by_count.items():
            middle, high = np.quantile(np.array(errors), [0.5, 0.9], axis=0, method="lower")
            print(
                f"{kind:9} {count:>2} images   {1e3 * middle[0]:5.2f} mm, {np.degrees(middle[1]):.2f} deg   "
                f"90 %: {1e3 * high[0]:5.2f} mm, {np.degrees(high[1]):.2f} deg"
            )


if __name__ == "__main__":
    main()
