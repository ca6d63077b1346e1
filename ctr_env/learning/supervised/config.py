"""Settings of a training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.estimators.ctrnet.cropping import small_size
from ctr_env.runs.configuration import require_length, require_range
from ctr_env.runs.device import require_device

__all__ = ["TrainingConfig"]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a network is trained on labelled images."""

    robot: str = "panda"
    """Robot, by name or by a file that describes it."""
    architecture: str = "compact"
    """Network, by name."""
    data: tuple[str, ...] = ()
    """Folders of frames with masks; none: frames rendered during training."""
    backgrounds: str | None = None
    """Folder of photographs and panoramas to put behind the robot; none: generated backgrounds only."""
    initial: str | None = None
    """Weights file to start from; none: random weights."""
    steps: int | None = None
    """Length of the training in optimiser steps."""
    minutes: float | None = None
    """Length of the training in minutes instead, interruptions not counted."""
    batch: int = 32
    """Examples in a step."""
    learning_rate: float = 2e-3
    """Peak learning rate; it is reached after 2 % of the training and then decays as a cosine."""
    weight_decay: float = 0.02
    """Decoupled weight decay."""
    ema: float = 0.999
    """Decay of the exponential moving average of the weights, which is the result."""
    width: int = 256
    """Width of the network's input, pixels."""
    height: int = 192
    """Height of the network's input, pixels."""
    small_share: float = 0.4
    """Share of the training, from its start, at three quarters of that size."""
    pose_share: float = 0.3
    """Share of the training, at its end, in which the loss includes the error of the PnP pose."""
    seed: int = 0
    """Seed of initial weights, frames and augmentation."""
    workers: int = 1
    """Number of processes that prepare examples."""
    device: str = "auto"
    """Where the network is trained: ``auto`` (all CUDA devices, or the CPU if there are none), ``cpu``, ``cuda`` (all
    CUDA devices) or ``cuda:N``."""
    precision: str | None = None
    """Arithmetic, by Lightning Fabric's name; none: ``bf16-mixed`` where that is native, else ``32-true``."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""

    def __post_init__(self) -> None:
        """Check every value."""
        require_length(self)
        given: object = self.data
        if isinstance(given, str):
            raise ConfigurationError(f"data must be a list of folders, not the text {given!r}")
        object.__setattr__(self, "data", tuple(self.data))
        require_range(self, 1, 4096, "batch")
        require_range(self, 1e-8, 1.0, "learning_rate")
        require_range(self, 0.0, 1.0, "weight_decay", "small_share", "pose_share")
        require_range(self, 0.0, 0.999999, "ema")
        require_range(self, 32, 2048, "width", "height")
        for name in ("width", "height"):
            if getattr(self, name) % 16:
                raise ConfigurationError(f"{name} must be a multiple of 16, not {getattr(self, name)}")
        require_range(self, 0, 256, "workers")
        require_range(self, 0, 99_999, "seed")
        require_device(self)
        require_range(self, 0.0, 10**6, "save_minutes")

    def size_at(self, progress: float, step: int) -> tuple[int, int]:
        """Width and height of the input at a progress of the training (0 to 1) and a step.

        Small at first, then full size except in every fourth step, since the coarse inference pass uses the small size.
        """
        if progress < self.small_share or step % 4 == 0:
            return small_size((self.width, self.height))
        return self.width, self.height

    def recipe(self) -> dict[str, Any]:
        """The settings that the result depends on, for the weights' header; paths are reduced to their last part."""
        values = asdict(self)
        for name in ("workers", "save_minutes", "device"):
            values.pop(name)
        for name in ("backgrounds", "initial"):
            values[name] = None if values[name] is None else Path(values[name]).name
        return values | {"data": [Path(folder).name for folder in self.data]}
