"""Latency of the learned estimator (crop, network, PnP, contour alignment, covariance) and of the paper's network.

    python benchmarks/estimator.py [--robot panda] [--frames 60]

Estimators take turns on single frames in one process on all cores. The paper's architecture (DeepLabv3/ResNet-50) runs
at its input size with random weights, on which its time does not depend, and without contour alignment.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators import PoseEstimator, make_estimator
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.weights import WeightsHeader, save_weights
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

PUBLISHED_SIZE = (320, 240)


def published_network(kinematics: RobotKinematics, folder: Path) -> PoseEstimator:
    points = paper_keypoints(kinematics.robot)
    header = WeightsHeader(
        architecture="deeplab_resnet50",
        robot=kinematics.robot.name,
        keypoints=tuple(tuple(point) for point in points),
        input_size=PUBLISHED_SIZE,
    )
    file = folder / "published.safetensors"
    save_weights(file, make_network(header.architecture, len(points)).state_dict(), header)
    return make_estimator(
        "ctrnet", {"weights": str(file), "passes": 1, "tracking": False, "align_contour": False}, kinematics
    )


def time_of(estimator: PoseEstimator, frame: Frame) -> float:
    start = time.perf_counter()
    estimator.estimate(frame)
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--weights", help="default: those of the package")
    options = parser.parse_args()
    kinematics = RobotKinematics(options.robot)
    sampler = FrameSampler(options.robot, *PUBLISHED_SIZE)
    frames = [sampler.sample(frame_seed("validation", 1, i)).frame() for i in range(options.frames)]
    given = {} if options.weights is None else {"weights": options.weights}
    with tempfile.TemporaryDirectory() as folder:
        estimators = {
            "ctrnet, tracking": make_estimator("ctrnet", given, kinematics),
            "ctrnet, single frame (two passes)": make_estimator("ctrnet", {**given, "tracking": False}, kinematics),
            "ctrnet, two passes, no contour": make_estimator(
                "ctrnet", {**given, "tracking": False, "align_contour": False}, kinematics
            ),
            "deeplab_resnet50, one pass": published_network(kinematics, Path(folder)),
        }
        times: dict[str, list[float]] = {name: [] for name in estimators}
        for i, frame in enumerate(frames):
            for name, estimator in estimators.items():
                estimator.reset(np.random.default_rng(0))
                if name == "ctrnet, tracking":
                    estimator.estimate(frame)  # the pose that the next estimate starts from
                taken = time_of(estimator, frame)
                if i >= 3:
                    times[name].append(taken)
    slowest = float(np.median(times["deeplab_resnet50, one pass"]))
    print(f"{options.robot}, {PUBLISHED_SIZE[0]}x{PUBLISHED_SIZE[1]} images, {len(frames) - 3} frames")
    for name, values in times.items():
        median, p95 = np.percentile(values, [50, 95])
        print(f"  {name:34s} {median:7.1f} ms median {p95:7.1f} ms p95   {slowest / median:5.1f}x")


if __name__ == "__main__":
    main()
