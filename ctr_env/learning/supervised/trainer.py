"""Supervised training on labelled images with Lightning Fabric: on one CPU or GPU, or in several processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.errors import DataError
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.ctrnet.points import paper_keypoints, spread_points
from ctr_env.estimators.ctrnet.weights import WeightsHeader, load_weights, save_weights
from ctr_env.learning.averaging import averaged_model
from ctr_env.learning.checkpoint import load_checkpoint, save_checkpoint
from ctr_env.learning.optimisation import Optimisation
from ctr_env.learning.precision import keep_slow_convolutions_in_float32
from ctr_env.runs.device import has_amx, native_dtype, resolve_device
from ctr_env.runs.folder import RunFolder
from ctr_env.scenes.robots.catalogue import get_robot

from .batch import Batch, collate, network_inputs
from .config import TrainingConfig
from .dataset import ExampleDataset, NumberedBatches, start_worker
from .loss import supervised_loss
from .pose_loss import pose_loss
from .sources import FrameSource, training_source

__all__ = ["Progress", "Trainer"]

_WARM_UP, _FIRST_RATE = 0.02, 0.01  # share of the training, share of the peak learning rate
_POSE_WEIGHT = 1.0
_CHECKPOINT, _WEIGHTS = "checkpoint.pt", "weights.safetensors"
_MAY_CHANGE = ("steps", "minutes", "workers", "save_minutes", "device", "precision")

Progress = Callable[[int, float, dict[str, float]], None]
"""Called after every step with the number of steps, the progress (0 to 1) and the parts of the loss."""


class Trainer:
    """Trains one network; a training that was interrupted resumes from its last checkpoint.

    Attributes:
        folder: Run folder: checkpoint, weights, settings and TensorBoard files.
        network: The network, as Fabric wraps it.
        step: Number of optimiser steps so far.
        seconds: Time spent in them without interruptions, on the clock of the first process.
    """

    def __init__(self, config: TrainingConfig, folder: Path) -> None:
        """Prepare network and data, and resume from the folder's checkpoint if there is one.

        Args:
            config: Settings.
            folder: Run folder; it is made if it does not exist.

        Raises:
            ConfigurationError: If a setting is not valid.
            RunFolderError: If the folder holds a run with other settings.
            MissingFileError: If a folder or file that is named does not exist or is empty.
        """
        cv2.setNumThreads(1)  # OpenCV's threads do not survive the fork of workers, which would wait for them
        self.config, self.folder = config, folder
        self.step, self.seconds = 0, 0.0
        robot = get_robot(config.robot)
        points = spread_points(robot) if config.architecture == "compact" else paper_keypoints(robot)
        self._chain = len(robot.keypoint_frames)
        self._backgrounds = Backgrounds(None if config.backgrounds is None else Path(config.backgrounds))
        self._make_source: Callable[[], FrameSource] = partial(training_source, config, points)
        if config.data:
            self._make_source = partial(_identity, self._make_source())  # read once, shared with the workers
        torch.manual_seed(config.seed)
        network = make_network(config.architecture, len(points))
        if config.initial is not None:
            _initialise(network, Path(config.initial))
        self.fabric = _fabric(config)
        self.fabric.launch()
        RunFolder(folder, "pretrain", asdict(config), _MAY_CHANGE)
        self._header = WeightsHeader(
            architecture=config.architecture,
            robot=robot.network_robot,
            keypoints=tuple(tuple(point) for point in points),  # type: ignore[misc]
            input_size=(config.width, config.height),
        )
        self._optimisation = self._resumed(network)
        self.network = self._optimisation.network

    @property
    def progress(self) -> float:
        """How much of the training is done, 0 to 1; the same in every process."""
        if self.config.steps is not None:
            return self.step / self.config.steps
        assert self.config.minutes is not None
        return min(self.seconds / (60.0 * self.config.minutes), 1.0)

    def run(self, report: Progress) -> Path:
        """Train to the end.

        Args:
            report: Called after every step.

        Returns:
            The file of the averaged weights.

        Raises:
            TrainingError: If the training diverges; the checkpoint before is kept.
        """
        batches = iter(self._batches())
        saved = self.seconds
        self.network.train()
        while self.progress < 1.0:
            start = time.monotonic()
            parts = self._train_on(Batch(*next(batches)).to(self.fabric.device))
            self.step += 1
            self.seconds = self._first_clock(self.seconds + time.monotonic() - start)
            self._optimisation.advance()
            report(self.step, self.progress, parts)
            if self.seconds - saved > 60.0 * self.config.save_minutes:
                self.save()
                saved = self.seconds
        self.save()
        return self.folder / _WEIGHTS

    def predict(self, batch: Batch) -> NetworkOutput:
        """Output of the network as it is now (not averaged), in evaluation mode."""
        self.network.eval()
        with torch.no_grad():
            output: NetworkOutput = self.network(*network_inputs(batch, self._header))
        self.network.train()
        return output

    def examples(self, first: int, count: int) -> Batch:
        """Consecutive examples of the training, by number; numbers beyond the last one of a training are valid."""
        dataset, size = self._dataset(), (self.config.width, self.config.height)
        return collate([dataset[(first + i, *size)] for i in range(count)]).to(self.fabric.device)

    def save(self) -> None:
        """Write checkpoint and averaged weights, each atomically.

        Raises:
            TrainingError: If a number in them is not finite; the files before are kept.
        """
        if not self.fabric.is_global_zero:
            return
        progress = {"step": self.step, "seconds": self.seconds}
        save_checkpoint(self.folder / _CHECKPOINT, {**self._optimisation.state_dict(), **progress})
        recipe = {**self.config.recipe(), "steps_done": self.step, "minutes_done": round(self.seconds / 60.0, 1)}
        average = self._optimisation.average.module.state_dict()
        save_weights(self.folder / _WEIGHTS, average, replace(self._header, recipe=recipe))

    def _resumed(self, network: nn.Module) -> Optimisation:
        """The optimisation of a network, from the checkpoint on if there is one."""
        config = self.config
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = averaged_model(network.to(self.fabric.device), config.ema)
        optimizer = torch.optim.AdamW(_parameter_groups(network, config.weight_decay), lr=config.learning_rate)
        if self.fabric.device.type == "cpu" and not has_amx():
            keep_slow_convolutions_in_float32(network)
        wrapped, stepper = self.fabric.setup(network, optimizer)
        scaled = (config.precision or "").startswith("16-")
        optimisation = Optimisation(wrapped, stepper, average, self.fabric, skips_overflow=scaled)
        state = load_checkpoint(self.folder / _CHECKPOINT, self.fabric.device)
        if state is not None:
            optimisation.load_state_dict(state)
            self.step, self.seconds = state["step"], state["seconds"]
        optimisation.schedule(optimizer, lambda: self.progress, _WARM_UP, _FIRST_RATE)
        return optimisation

    def _train_on(self, batch: Batch) -> dict[str, float]:
        output: NetworkOutput = self.network(*network_inputs(batch, self._header))
        parts = supervised_loss(output, batch)
        if self.progress >= 1.0 - self.config.pose_share:
            parts["pose"] = pose_loss(output, batch, self._chain)
            parts["loss"] = parts["loss"] + _POSE_WEIGHT * parts["pose"]
        return self._optimisation.step(self.step + 1, parts)

    def _first_clock(self, seconds: float) -> float:
        """The first process's value: clocks differ, and all processes must end with the same step."""
        return float(self.fabric.broadcast(seconds))

    def _dataset(self) -> ExampleDataset:
        return ExampleDataset(self._make_source, self._chain, self._backgrounds, self.config.seed)

    def _batches(self) -> Iterator[list[torch.Tensor]]:
        config, rank, ranks = self.config, self.fabric.global_rank, self.fabric.world_size
        loader = DataLoader(
            self._dataset(),
            batch_sampler=NumberedBatches(self.step * ranks + rank, config.batch, self._size_at, ranks),
            num_workers=config.workers,
            worker_init_fn=start_worker,
            prefetch_factor=3 if config.workers else None,
            multiprocessing_context=self._start_method() if config.workers else None,
            pin_memory=self.fabric.device.type == "cuda",
        )
        return iter(loader)

    def _start_method(self) -> str:
        """How workers start: forked ones share the frames, but cannot render where their parent has rendered."""
        return "fork" if self.config.data else "spawn"

    def _size_at(self, step: int) -> tuple[int, int]:
        return self.config.size_at(self.progress if self.config.steps is None else step / self.config.steps, step)


def _fabric(config: TrainingConfig) -> Fabric:
    """Device, number of processes and arithmetic; on CPUs as many processes as ``torchrun`` started."""
    device = resolve_device(config.device)
    precision: Any = config.precision or ("bf16-mixed" if native_dtype(device) is torch.bfloat16 else "32-true")
    if device.type == "cuda":
        devices: Any = [device.index] if config.device.startswith("cuda:") else "auto"
        return Fabric(accelerator="cuda", devices=devices, precision=precision)
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    strategy = "ddp" if processes > 1 else "auto"
    return Fabric(accelerator="cpu", devices=processes, strategy=strategy, precision=precision)


def _parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels, none for biases and normalisations."""
    kernels = [p for p in network.parameters() if p.ndim >= 2]
    others = [p for p in network.parameters() if p.ndim < 2]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _identity(source: FrameSource) -> FrameSource:
    return source


def _initialise(network: nn.Module, file: Path) -> None:
    """Take over the tensors whose shapes agree; weights of another robot have other keypoint heads."""
    weights, header = load_weights(file)
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise DataError(f"no weight of {file} ({header.architecture}) fits the network that is trained")
    network.load_state_dict(fitting, strict=False)
