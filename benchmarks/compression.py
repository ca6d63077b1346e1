"""Model compression: the network in 8-bit integers with ONNX Runtime, beside the package's own engine.

    python benchmarks/compression.py [--robot panda] [--frames 200] [--threads 1] --out runs/compression

The exported network is quantised statically (weights per channel, activations by their range on crops of 64 frames of
the split ``train``). All engines take the refined passes over the same frames of the split ``test``, preset ``strong``,
without tracking (coarse passes are the package's); the network alone is timed in turn on one crop. Needs the extra
``onnx``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import SamplingError
from ctr_env.estimators.ctrnet.engine import Engine, make_engine
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.onnx_export import export_onnx
from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.weights import load_network
from ctr_env.evaluation.pose.metrics import add_auc_ctrnet
from ctr_env.runs.files import write_json
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics

CALIBRATION_FRAMES = 64
TIMED, WARM_UP = 60, 5


def frames_of(robot: str, split: str, count: int) -> Iterator[LabelledFrame]:
    sampler, index = FrameSampler(robot), 0
    while count:
        try:
            yield sampler.sample(frame_seed(split, 0, index))
            count -= 1
        except SamplingError:
            pass
        index += 1
    sampler.close()


class OnnxEngine:
    """An exported network in the place of the package's engine; it can record its inputs."""

    def __init__(self, file: Path, mean: torch.Tensor, std: torch.Tensor, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self.mean, self.std = mean[:, None, None], std[:, None, None]
        self.recorded: list[dict[str, np.ndarray]] | None = None

    def __call__(self, images: torch.Tensor, priors: torch.Tensor) -> NetworkOutput:
        planes = (images.float() * self.std + self.mean) * 255.0, priors.float() * 255.0
        inputs = {
            name: part.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
            for name, part in zip(("image", "prior"), planes, strict=True)
        }
        if self.recorded is not None:
            self.recorded += [{name: part[i : i + 1] for name, part in inputs.items()} for i in range(len(images))]
        found = self.session.run(None, inputs)
        pixels, variance, confidence, mask = (torch.from_numpy(part).double() for part in found)
        logits = (torch.logit(part.clamp(1e-7, 1 - 1e-7)).float() for part in (mask[:, None], confidence))
        mask_logits, confidence_logits = logits
        log_scale = 0.5 * torch.log(0.5 * variance)
        return NetworkOutput(
            mask_logits, pixels.float(), confidence_logits, log_scale.float(), torch.zeros(len(images), 1, 1, 1)
        )


class Recorded(CalibrationDataReader):
    def __init__(self, inputs: list[dict[str, np.ndarray]], size: tuple[int, int]) -> None:
        self.left = iter([each for each in inputs if each["image"].shape[1:3] == size[::-1]])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)


def with_engine(robot: str, engine: Engine) -> CtRNetEstimator:
    """An estimator whose refined passes use an engine; exported networks have one input size."""
    estimator = CtRNetEstimator(RobotKinematics(robot), {"tracking": False})
    estimator.detector._engines[estimator.detector.input_size] = engine
    return estimator


def accuracy(estimator: CtRNetEstimator, frames: list[LabelledFrame]) -> dict[str, float]:
    kinematics, errors, valid = estimator.pipeline.model.kinematics, [], 0
    for frame in frames:
        assert frame.camera_T_base is not None
        found, points = estimator.estimate(frame.frame()), kinematics.keypoints(frame.joint_positions)
        away = found.camera_T_base.apply(points) - frame.camera_T_base.apply(points)
        errors.append(float(np.linalg.norm(away, axis=1).mean()) if found.valid else np.inf)
        valid += found.valid
    return {
        "add_auc": add_auc_ctrnet(errors) or 0.0,
        "add_median_mm": 1e3 * float(np.median(errors)),
        "valid": valid / len(frames),
    }


def milliseconds(engines: dict[str, Engine], size: tuple[int, int]) -> dict[str, float]:
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.normal(size=(1, 3, size[1], size[0])).astype(np.float32))
    prior = torch.zeros_like(image)
    spent: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(WARM_UP + TIMED):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine(image, prior)
            spent[name].append(time.perf_counter() - start)
    return {name: 1e3 * float(np.median(times[WARM_UP:])) for name, times in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robot", default="panda")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    robot, kinematics = arguments.robot, RobotKinematics(arguments.robot)
    files = {name: arguments.out / f"{robot}_{name}.onnx" for name in ("float32", "prepared", "int8")}
    weights = packaged_weights(kinematics.robot)
    header = export_onnx(weights, kinematics.robot, files["float32"])
    mean, std = torch.tensor(header.mean), torch.tensor(header.std)
    quant_pre_process(str(files["float32"]), str(files["prepared"]), skip_symbolic_shape=True)
    recorder = OnnxEngine(files["float32"], mean, std, arguments.threads)
    recorder.recorded = []
    estimator = with_engine(robot, recorder)
    for frame in frames_of(robot, "train", CALIBRATION_FRAMES):
        estimator.estimate(frame.frame())
    quantize_static(
        str(files["prepared"]),
        str(files["int8"]),
        Recorded(recorder.recorded, header.input_size),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=["Conv"],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    network, _ = load_network(weights)
    engines: dict[str, Engine] = {
        "package": make_engine(network, header.input_size, torch.device("cpu")),
        "ONNX Runtime, float32": recorder,
        "ONNX Runtime, int8": OnnxEngine(files["int8"], mean, std, arguments.threads),
    }
    recorder.recorded = None
    times = milliseconds(engines, header.input_size)
    frames = list(frames_of(robot, "test", arguments.frames))
    rows: dict[str, Any] = {}
    print(f"{'engine':24}{'network':>10}{'ADD AUC':>9}{'median':>10}{'valid':>8}")
    for name, engine in engines.items():
        row = rows[name] = {"network_ms": times[name], **accuracy(with_engine(robot, engine), frames)}
        print(
            f"{name:24}{row['network_ms']:7.1f} ms{row['add_auc']:9.1f}{row['add_median_mm']:7.1f} mm"
            f"{100 * row['valid']:6.1f} %",
            flush=True,
        )
    write_json(arguments.out / "compression.json", {"frames": len(frames), "threads": arguments.threads, "rows": rows})
    print("files, MB:", {name: round(file.stat().st_size / 1e6, 1) for name, file in files.items() if file.exists()})


if __name__ == "__main__":
    main()
