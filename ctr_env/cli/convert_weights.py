"""``ctr-env convert-weights``: CtRNet's published checkpoints as weights of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from tyro.conf import Positional

from ctr_env.errors import DataError, MissingFileError
from ctr_env.estimators.ctrnet.architectures import make_network
from ctr_env.estimators.ctrnet.weights import WeightsHeader, save_weights, tensor_differences
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.catalogue import get_robot

from .command import OutputCommand

__all__ = ["ConvertWeights"]

_ARCHITECTURE = "deeplab_resnet50"
_INPUT_SIZES = {"panda": (320, 240), "baxter": (640, 480)}
"""Robots of the published checkpoints, with the width and height, pixels, of their training images."""
_CONTAINERS = ("state_dict", "model_state_dict")


@dataclass(frozen=True, kw_only=True)
class ConvertWeights(OutputCommand):
    """Convert a checkpoint of the CtRNet authors (.pth) to a weights file (.safetensors).

    Nothing in the checkpoint is executed: files that hold anything but tensors are rejected.
    """

    name = "convert-weights"

    checkpoint: Positional[Path]
    """Checkpoint to convert."""
    robot: str
    """Robot that it was trained on: panda or baxter."""

    def name_parts(self) -> list[str]:
        """Robot and checkpoint."""
        return [self.robot, str(self.checkpoint)]

    def run(self) -> int:
        """Convert the checkpoint and say where the weights are."""
        header = _header(self.robot, self.checkpoint)
        given = _read_checkpoint(self.checkpoint)
        wanted = make_network(_ARCHITECTURE, len(header.keypoints)).state_dict()
        differences = tensor_differences(given, wanted)
        ignored = differences.pop("superfluous", None)
        if differences:
            found = "; ".join([*differences.values(), *([ignored] if ignored else [])])
            raise DataError(f"{self.checkpoint} is no CtRNet checkpoint of {len(header.keypoints)} keypoints: {found}")
        weights = self.folder / "weights.safetensors"
        save_weights(weights, {name: tensor for name, tensor in given.items() if name in wanted}, header)
        if ignored:
            print(f"ignored, {ignored}")
        print(f"{_ARCHITECTURE} of {header.robot}, {len(header.keypoints)} keypoints    {weights}")
        return 0


def _header(robot_name: str, checkpoint: Path) -> WeightsHeader:
    require_choice("robot of a published checkpoint", robot_name, _INPUT_SIZES)
    if not checkpoint.is_file():
        raise MissingFileError(f"no such file: {checkpoint}")
    with checkpoint.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightsHeader(
        architecture=_ARCHITECTURE,
        robot=robot_name,
        keypoints=tuple((link, 0.0, 0.0, 0.0) for link in get_robot(robot_name).keypoint_frames),
        input_size=_INPUT_SIZES[robot_name],
        recipe={"converted_from": checkpoint.name, "sha256": digest},
    )


def _read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Tensors of a checkpoint by name, without the prefix that ``DataParallel`` puts before them."""
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # damaged files raise nearly anything: KeyError, EOFError, UnpicklingError, ...
        raise DataError(
            f"{path} is not a checkpoint of tensors alone ({type(error).__name__}); nothing else is read from it"
        ) from error
    for container in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds a {type(content).__name__}, not a state dict or one under {_CONTAINERS}")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise DataError(f"{path} holds no tensors by name, but {', '.join(map(str, list(content)[:8])) or 'nothing'}")
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
