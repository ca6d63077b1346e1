"""Supervised training on labelled images, with Lightning Fabric: one CPU, one GPU, or many."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.ctrnet.points import LinkPoint, paper_keypoints, spread_points
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_weights, save_weights
from ctr_env.runs.device import native_dtype, resolve_device
from ctr_env.runs.files import replacing, write_json
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .config import TrainingConfig
from .dataset import Batch, ExampleDataset, NumberedBatches, start_worker
from .ema import ExponentialAverage
from .loss import supervised_loss
from .pose_loss import pose_loss
from .sources import FolderSource, FrameSource, SimulatorSource

__all__ = ["Progress", "Trainer"]

_WARM_UP = 0.02
_GRADIENT_NORM = 5.0
_POSE_WEIGHT = 1.0
_CHECKPOINT, _WEIGHTS, _RECIPE = "checkpoint.pt", "weights.safetensors", "config.json"

Progress = Callable[[int, float, dict[str, float]], None]
"""Called after every step with the step, the progress (0 to 1) and the parts of the loss."""


class Trainer:
    """Trains one network; stops and goes on at any step.

    Attributes:
        folder: Where the checkpoint, the weights, the settings and TensorBoard's files go.
        step: Optimiser steps made.
        seconds: Time spent in them, pauses not counted.
    """

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        """Prepare network and data, and go on from the folder's checkpoint if there is one.

        Raises:
            ValueError: If a setting is not valid, or the folder belongs to other settings.
            FileNotFoundError: If a folder or file that is named does not exist or holds nothing.
        """
        self.config, self.folder = config, folder
        self.step, self.seconds = 0, 0.0
        robot = get_robot(config.robot)
        self._points = spread_points(robot) if config.architecture == "compact" else paper_keypoints(robot)
        self._chain = len(robot.keypoint_frames)
        self._backgrounds = Backgrounds(None if config.backgrounds is None else Path(config.backgrounds))
        self._make_source = partial(_make_source, config, self._points)
        if config.data is not None:
            source = self._make_source()
            self._make_source = partial(_return, source)  # read once, shared with the workers
        _check_folder(config, folder)
        torch.manual_seed(config.seed)
        network = make_network(config.architecture, len(self._points))
        if config.initial is not None:
            _begin_with(network, Path(config.initial))
        self.fabric = _fabric(config)
        self.fabric.launch()
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = ExponentialAverage(network.to(self.fabric.device), config.ema)
        optimizer = torch.optim.AdamW(_parameter_groups(network, config.weight_decay), lr=config.learning_rate)
        self.network, self._optimizer = self.fabric.setup(network, optimizer)
        self._header = WeightsHeader(
            architecture=config.architecture,
            robot=robot.name,
            keypoints=tuple(tuple(point) for point in self._points),  # type: ignore[misc]
            input_size=(config.width, config.height),
        )
        self._load()
        write_json(folder / _RECIPE, _settings(config))

    @property
    def progress(self) -> float:
        """How much of the training is done, 0 to 1."""
        if self.config.steps is not None:
            return self.step / self.config.steps
        assert self.config.minutes is not None
        return min(self.seconds / (60.0 * self.config.minutes), 1.0)

    def run(self, report: Progress) -> Path:
        """Train to the end.

        Args:
            report: Told of every step.

        Returns:
            The file of the averaged weights.
        """
        batches = iter(self._batches())
        saved = self.seconds
        self.network.train()
        while self.progress < 1.0:
            start = time.monotonic()
            parts = self._train_on(self._received(next(batches)))
            self.step += 1
            self.seconds += time.monotonic() - start
            report(self.step, self.progress, parts)
            if self.seconds - saved > 60.0 * self.config.save_minutes:
                self.save()
                saved = self.seconds
        self.save()
        return self.folder / _WEIGHTS

    def predict(self, batch: Batch) -> NetworkOutput:
        """What the network says of a batch, now (not averaged), in evaluation mode."""
        self.network.eval()
        with torch.no_grad():
            output: NetworkOutput = self.network(*self._inputs(batch))
        self.network.train()
        return output

    def examples(self, first: int, count: int) -> Batch:
        """Some examples as training sees them, by number; numbers beyond those of the training are free."""
        dataset = ExampleDataset(self._make_source, self._chain, self._backgrounds, self.config.seed)
        size = (self.config.width, self.config.height)
        return self._received(
            Batch(*map(torch.stack, zip(*(dataset[(first + i, *size)] for i in range(count)), strict=True)))
        )

    def save(self) -> None:
        """Write checkpoint and averaged weights, each whole or not at all."""
        if not self.fabric.is_global_zero:
            return
        state = {
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "updates": self._average.updates,
            "optimizer": self._optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        with replacing(self.folder / _CHECKPOINT) as scratch:
            torch.save(state, scratch)
        recipe = {**_plain(self.config), "steps_done": self.step, "minutes_done": round(self.seconds / 60.0, 1)}
        header = WeightsHeader(**{**asdict(self._header), "recipe": recipe})
        save_weights(self.folder / _WEIGHTS, self._average.state_dict(), header)

    def _load(self) -> None:
        file = self.folder / _CHECKPOINT
        if not file.is_file():
            return
        state = torch.load(file, map_location=self.fabric.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self._average.load(state["average"], state["updates"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def _batches(self) -> Iterator[list[torch.Tensor]]:
        config, rank, ranks = self.config, self.fabric.global_rank, self.fabric.world_size
        dataset = ExampleDataset(self._make_source, self._chain, self._backgrounds, config.seed)
        sampler = NumberedBatches(self.step * ranks + rank, config.batch, self._size_at, ranks)
        loader = DataLoader(
            dataset,
            batch_sampler=sampler,
            num_workers=config.workers,
            worker_init_fn=start_worker,
            prefetch_factor=3 if config.workers else None,
            multiprocessing_context=self._start_method() if config.workers else None,
            pin_memory=self.fabric.device.type == "cuda",
        )
        return iter(loader)

    def _start_method(self) -> str:
        """How workers start: a forked one shares a folder's frames, but could not draw where its parent has drawn."""
        return "spawn" if self.config.data is None else "fork"

    def _size_at(self, step: int) -> tuple[int, int]:
        return self.config.size_at(self.progress if self.config.steps is None else step / self.config.steps, step)

    def _received(self, tensors: Any) -> Batch:
        return Batch(*(tensor.to(self.fabric.device, non_blocking=True) for tensor in tensors))

    def _inputs(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        mean, std = (torch.tensor(v, device=batch.images.device) for v in (self._header.mean, self._header.std))
        images = (batch.images.float() / 255.0 - mean[:, None, None]) / std[:, None, None]
        inputs = images, batch.priors.float() / 255.0
        return tuple(part.contiguous(memory_format=torch.channels_last) for part in inputs)  # type: ignore[return-value]

    def _train_on(self, batch: Batch) -> dict[str, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.learning_rate * _schedule(self.progress)
        output: NetworkOutput = self.network(*self._inputs(batch))
        parts = supervised_loss(output, batch)
        if self.progress >= 1.0 - self.config.pose_share:
            parts["pose"] = pose_loss(output, batch, self._chain)
            parts["loss"] = parts["loss"] + _POSE_WEIGHT * parts["pose"]
        self._optimizer.zero_grad()
        self.fabric.backward(parts["loss"])
        self.fabric.clip_gradients(self.network, self._optimizer, max_norm=_GRADIENT_NORM, error_if_nonfinite=False)
        self._optimizer.step()
        self._average.update(self.network)
        return {name: float(value.detach()) for name, value in parts.items()}


def _fabric(config: TrainingConfig) -> Fabric:
    """Device, number of processes and arithmetic; on CPUs as many processes as ``torchrun`` started."""
    device = resolve_device(config.device)
    precision: Any = config.precision or ("bf16-mixed" if native_dtype(device) is torch.bfloat16 else "32-true")
    if device.type == "cuda":
        devices: Any = [device.index] if config.device.startswith("cuda:") else "auto"
        return Fabric(accelerator="cuda", devices=devices, precision=precision)
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return Fabric(
        accelerator="cpu", devices=processes, strategy="ddp" if processes > 1 else "auto", precision=precision
    )


def _schedule(progress: float) -> float:
    """Share of the highest learning rate: a short rise, then a cosine."""
    if progress < _WARM_UP:
        return max(progress / _WARM_UP, 0.01)
    return 0.5 * (1.0 + math.cos(math.pi * (progress - _WARM_UP) / (1.0 - _WARM_UP)))


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Kernels decay; biases and normalisations do not."""
    kernels = [p for p in network.parameters() if p.ndim >= 2]
    others = [p for p in network.parameters() if p.ndim < 2]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _make_source(config: TrainingConfig, points: tuple[LinkPoint, ...]) -> FrameSource:
    if config.data is None:
        return SimulatorSource(config.robot, points, config.seed)
    return FolderSource(Path(config.data), RobotKinematics(config.robot), points)


def _return(source: FrameSource) -> FrameSource:
    return source


def _begin_with(network: nn.Module, file: Path) -> None:
    """Take over the tensors that fit; another robot's have other keypoint heads."""
    weights, header = load_weights(file)
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise ValueError(f"no weight of {file} ({header.architecture}) fits the network that is trained")
    network.load_state_dict(fitting, strict=False)


def _plain(config: TrainingConfig) -> dict[str, Any]:
    """Settings without what says nothing of the result or belongs to one machine."""
    values = asdict(config)
    for name in ("workers", "save_minutes"):
        values.pop(name)
    for name in ("data", "backgrounds", "initial"):
        values[name] = None if values[name] is None else Path(values[name]).name
    return values


def _check_folder(config: TrainingConfig, folder: Path) -> None:
    """Refuse to go on with a training of other settings; its length may change."""
    file, now = folder / _RECIPE, _settings(config)
    if (folder / _CHECKPOINT).is_file() and file.is_file():
        before = json.loads(file.read_text())
        free = ("steps", "minutes", "workers", "save_minutes")
        differing = [name for name in now if name not in free and now[name] != before.get(name)]
        if differing:
            name = differing[0]
            raise ValueError(
                f"{folder} holds a training with {name}={before.get(name)!r}, now {now[name]!r}; choose another "
                "folder, or the same settings to go on"
            )


def _settings(config: TrainingConfig) -> dict[str, Any]:
    """Settings as a JSON reader gives them."""
    settings: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return settings
