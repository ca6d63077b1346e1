"""``ctr-env fit-uncertainty``: the uncertainty model of a network, from its errors on validation frames."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ctr_env.errors import MissingFileError
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.catalogue import get_robot

from .command import ResultCommand
from .pretrain import fit_with_progress

__all__ = ["FitUncertainty"]


@dataclass(frozen=True, kw_only=True)
class FitUncertainty(ResultCommand):
    """Fit the uncertainty model of a network on frames of the validation split.

    A copy of the weights with the fitted model in its header is written; the network itself is unchanged.
    """

    name = "fit-uncertainty"

    robot: str = "panda"
    """Robot, by name or by a YAML file that describes it."""
    weights: Path | None = None
    """Weights of the network (default: those of the package)."""
    frames: int = 200
    """Number of frames."""
    seed: int = 0
    """Seed of the frames."""
    device: str = "auto"
    """Where the network runs: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``."""

    def name_parts(self) -> list[str]:
        """Robot and weights."""
        return [self.robot, "ctrnet" if self.weights is None else str(self.weights)]

    def run(self) -> int:
        """Fit the model and say where the weights are."""
        start = self.weights or packaged_weights(get_robot(self.robot))
        if not start.is_file():
            raise MissingFileError(f"no such weights file: {start}")
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / "weights.safetensors"
        shutil.copyfile(start, weights)
        metrics = fit_with_progress(weights, self.robot, self.frames, self.seed, self.device)
        self.copy_result({"command": self.command_line, "versions": versions("torch"), **metrics})
        print(f"weights {weights}")
        return 0
