"""``ctr-env export-onnx``: a network as an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctr_env.estimators.ctrnet.onnx_export import INPUTS, OUTPUTS, export_onnx
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.scenes.robots.catalogue import get_robot

from .command import OutputCommand

__all__ = ["ExportOnnx"]


@dataclass(frozen=True, kw_only=True)
class ExportOnnx(OutputCommand):
    """Write a network as an ONNX file, with normalisation and activations inside.

    The file takes uint8 crops and pose priors, and returns keypoints in pixels; its metadata name them.
    """

    name = "export-onnx"

    robot: str = "panda"
    """Robot, by name or by a YAML file that describes it."""
    weights: Path | None = None
    """Weights of the network (default: those of the package)."""

    def name_parts(self) -> list[str]:
        """Robot and weights."""
        return [self.robot, "ctrnet" if self.weights is None else str(self.weights)]

    def run(self) -> int:
        """Export the network and say where it is and how it is used."""
        robot, folder = get_robot(self.robot), self.folder
        weights = self.weights or packaged_weights(robot)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{robot.name}.onnx"
        header = export_onnx(weights, robot, file)
        width, height = header.input_size
        print(f"{', '.join(INPUTS)}: (N, {height}, {width}, 3) uint8 -> {', '.join(OUTPUTS)}    {file}")
        return 0
