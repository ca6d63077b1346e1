"""Latency of the learned estimator by stage and situation, and of the paper's network.

    python benchmarks/estimator.py [--robot panda] [--frames 64] [--threads 1] [--width 640 --height 480]

Situations and networks take turns on the same frames in one process. *tracking*: the pose of the frame before is known;
*cold*: it is not; *lost*: the frame after a valid one shows no robot; *still lost*: as do the frames after it. The
paper's architecture (DeepLabv3/ResNet-50) runs at its input size with random weights, on which its time does not
depend, and without contour alignment. Studies run one process per core: one thread is what counts there.

*batch*: ``estimate_batch`` of 16 frames without tracking, per frame, and its ratio to the same frames one by one
(*cold*), by the clock and by processor time. The latter holds on a machine with other load, for one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators import PoseEstimator, make_estimator
from ctr_env.estimators.ctrnet import estimator as last_stages
from ctr_env.estimators.ctrnet import pipeline
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.detector import Detector
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.robot_model import RobotModel
from ctr_env.estimators.ctrnet.weights import WeightsHeader, save_weights
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

PUBLISHED_SIZE = (320, 240)
WARM_UP = 3  # frames that do not count
BATCH = 16
NETWORK = "network"
PROCESSOR = "processor"
STAGES: dict[str, tuple[Any, str]] = {
    "kinematics": (RobotModel, "view"),
    "crop, network": (pipeline, "detect"),
    "PnP": (pipeline, "solve"),
    "contour": (pipeline, "align_contours"),
    "edges": (last_stages, "refine_by_edges"),
    "validity": (last_stages, "joint_information"),
    "gripper, mask": (last_stages, "pose_estimate"),
}
Situation = Callable[[PoseEstimator, Frame], Frame]
"""Prepares an estimator and returns the frame whose estimate is timed."""


def cold(estimator: PoseEstimator, frame: Frame) -> Frame:
    estimator.reset(np.random.default_rng(0))
    return frame


def tracking(estimator: PoseEstimator, frame: Frame) -> Frame:
    estimator.estimate(cold(estimator, frame))
    return frame


def lost(estimator: PoseEstimator, frame: Frame) -> Frame:
    assert frame.image is not None
    coarse = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    size = (frame.camera.width, frame.camera.height)
    return replace(tracking(estimator, frame), image=cv2.resize(coarse, size).astype(np.uint8))


def still_lost(estimator: PoseEstimator, frame: Frame) -> Frame:
    empty = lost(estimator, frame)
    estimator.estimate(empty)
    return empty


SITUATIONS: dict[str, Situation] = {"tracking": tracking, "cold": cold, "lost": lost, "still lost": still_lost}


@contextmanager
def watched(seconds: dict[str, float]) -> Iterator[None]:
    """Count the time of every stage while the block lasts."""
    engine = Detector._engine

    def timed(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[label] += time.perf_counter() - start

        return run

    with ExitStack() as stack:
        for label, (owner, name) in STAGES.items():
            stack.enter_context(patch.object(owner, name, timed(label, getattr(owner, name))))
        stack.enter_context(patch.object(Detector, "_engine", lambda *args: timed(NETWORK, engine(*args))))
        yield


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


def measure(function: Callable[[], Any], count: int = 1) -> dict[str, float]:
    """Milliseconds for each of ``count`` frames, in all and in every stage."""
    seconds = defaultdict[str, float](float)
    with watched(seconds):
        start, processor = time.perf_counter(), time.process_time()
        function()
        seconds["all"], seconds[PROCESSOR] = time.perf_counter() - start, time.process_time() - processor
    return {label: 1e3 * value / count for label, value in seconds.items()}


def print_row(name: str, rows: list[dict[str, float]], columns: list[str]) -> None:
    medians = [float(np.median([row.get(label, 0.0) for row in rows])) for label in columns]
    p95 = float(np.percentile([row["all"] for row in rows], 95))
    print(f"{name:28s}" + "".join(f"{value:15.2f}" for value in [*medians, p95]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--threads", type=int, help="default: one per core")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--weights", help="default: those of the package")
    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)
    kinematics = RobotKinematics(options.robot)
    sampler = FrameSampler(options.robot, options.width, options.height)
    frames = [sampler.sample(frame_seed("validation", 1, i)).frame() for i in range(options.frames)]
    config = {} if options.weights is None else {"weights": options.weights}
    ours, batched = (make_estimator("ctrnet", config | {"tracking": on}, kinematics) for on in (True, False))
    batched.estimate_batch(frames[:BATCH])
    batches: list[dict[str, float]] = []
    ratios: dict[str, list[float]] = {"all": [], PROCESSOR: []}
    with tempfile.TemporaryDirectory() as folder:
        cases = {name: (ours, situation) for name, situation in SITUATIONS.items()}
        cases["deeplab_resnet50, one pass"] = published_network(kinematics, Path(folder)), cold
        found: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
        for number, frame in enumerate(frames, start=1):
            for name, (estimator, situation) in cases.items():
                prepared = situation(estimator, frame)
                found[name].append(measure(partial(estimator.estimate, prepared)))
            if number % BATCH == 0:
                batches.append(measure(partial(batched.estimate_batch, frames[number - BATCH : number]), BATCH))
                for label, values in ratios.items():
                    alone = [row[label] for row in found["cold"][number - BATCH : number]]
                    values.append(batches[-1][label] / float(np.mean(alone)))
    columns = [
        "all",
        PROCESSOR,
        "kinematics",
        "crop, network",
        NETWORK,
        "PnP",
        "contour",
        "edges",
        "validity",
        "gripper, mask",
    ]
    print(f"{options.robot}, {options.width}x{options.height}, {torch.get_num_threads()} threads, median ms")
    print(f"{'':28s}" + "".join(f"{label:>15s}" for label in [*columns, "all, p95"]))
    for name, rows in found.items():
        print_row(name, rows[WARM_UP:], columns)
    if batches:
        print_row(f"batch of {BATCH}, per frame", batches, columns)
        clock, processor = (float(np.median(values)) for values in ratios.values())
        print(f"a batch takes {clock:.2f} of its frames' time one by one, {processor:.2f} of their processor time")


if __name__ == "__main__":
    main()
