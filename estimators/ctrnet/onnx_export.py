"""Export of a network to ONNX with normalisation and activations inside, for programs without PyTorch.

The contract of the file is in its metadata and in docs/howto/onnx.md: uint8 images and pose priors in, pixels,
variances, confidences and masks out. What surrounds the network (crop, prior, PnP) is described there.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from ctr_env.errors import ConfigurationError, MissingDependencyError
from ctr_env.runs.onnx_file import write_onnx
from ctr_env.scenes.robots.description import RobotDescription

from .cropping import BORDER
from .detector import LOG_SCALES
from .weights import WeightsHeader, load_network

__all__ = ["INPUTS", "OUTPUTS", "export_onnx"]

INPUTS = ("image", "prior")
"""``(N, h, w, 3)`` uint8 RGB each."""
OUTPUTS = ("keypoints_px", "variance_px2", "confidence", "mask")
"""``(N, K, 2)``, ``(N, K)``, ``(N, K)`` and ``(N, h, w)`` float32."""

_OPSET = 18


def export_onnx(weights: Path, robot: RobotDescription, file: Path) -> WeightsHeader:
    """Write a network as an ONNX file for any batch size.

    Args:
        weights: Weights file.
        robot: The robot that it belongs to.
        file: File to write.

    Returns:
        The header of the weights.

    Raises:
        MissingFileError: If there is no such weights file.
        DataError: If it is not a weights file.
        ConfigurationError: If it belongs to another robot, or its architecture is not ``compact``.
        MissingDependencyError: If the ``onnx`` extra is not installed.
    """
    network, header = load_network(weights)
    if header.robot != robot.network_robot:
        raise ConfigurationError(f"{weights} holds weights for robot {header.robot!r}, not {robot.network_robot!r}")
    if header.architecture != "compact":
        raise ConfigurationError(
            f"{weights} holds the architecture {header.architecture}; only compact can be exported"
        )
    try:
        import onnx  # noqa: F401 - torch needs both
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"the export needs {error.name}: pip install 'ctr-env[onnx]'") from error
    width, height = header.input_size
    example = torch.zeros(2, height, width, 3, dtype=torch.uint8)
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _ExportedNetwork(network, header).eval(),
            (example, example.clone()),  # one tensor given twice would be exported as one input
            input_names=INPUTS,
            output_names=OUTPUTS,
            opset_version=_OPSET,
            dynamic_shapes=({0: batch}, {0: batch}),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    write_onnx(program.model_proto, _metadata(header, robot), file)
    return header


class _ExportedNetwork(nn.Module):
    """The network from uint8 images to numbers that need no further function."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, header: WeightsHeader) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255.0 * torch.tensor(header.mean))
        self.register_buffer("std", 255.0 * torch.tensor(header.std))

    def forward(self, image: Tensor, prior: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        planes = ((image.float() - self.mean) / self.std).permute(0, 3, 1, 2)
        output = self.network(planes, (prior.float() / 255.0).permute(0, 3, 1, 2))
        variance = 2.0 * torch.exp(2.0 * output.log_scale.clamp(*LOG_SCALES))
        mask = torch.sigmoid(output.mask_logits)[:, 0]
        return output.keypoints_px, variance, torch.sigmoid(output.confidence_logits), mask


def _metadata(header: WeightsHeader, robot: RobotDescription) -> dict[str, str]:
    """What a program must know beside the graph; values other than text are JSON."""
    return {
        "ctr_env": "onnx@1",
        "robot": robot.name,
        "keypoints": json.dumps(header.keypoints),
        "chain": json.dumps(len(robot.keypoint_frames)),
        "input_size": json.dumps(header.input_size),
        "border": json.dumps(BORDER),
        "pixel_centres": "half",
    }
