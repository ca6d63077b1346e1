"""``ctr-env convert-weights``: CtRNet's published checkpoints as weights of this package."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # torch only where it is needed: the command line starts without it
    from torch import Tensor

    from ctr_env.estimators.ctrnet.weights import WeightsHeader

__all__ = ["add_parser"]

_ARCHITECTURE = "deeplab_resnet50"
_INPUT_SIZES = {"panda": (320, 240), "baxter": (640, 480)}
"""Robots of the published checkpoints, with the width and height, pixels, that they were trained at."""
_CONTAINERS = ("state_dict", "model_state_dict")


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "convert-weights",
        help="make a published CtRNet checkpoint usable here",
        description="Turn a checkpoint of the CtRNet authors (.pth) into a weights file (.safetensors). "
        "Nothing in the checkpoint is executed: files that hold more than tensors are rejected.",
    )
    parser.add_argument("checkpoint", type=Path, metavar="THEIRS.pth", help="checkpoint to read")
    parser.add_argument("out", type=Path, metavar="OURS.safetensors", help="weights file to write")
    parser.add_argument("--robot", required=True, metavar="NAME", help="robot it was trained on: panda or baxter")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ctr_env.estimators.ctrnet.architectures import make_network
    from ctr_env.estimators.ctrnet.weights import save_weights, tensor_differences

    header = _header(options.robot, options.checkpoint)
    given = _read_checkpoint(options.checkpoint)
    wanted = make_network(_ARCHITECTURE, len(header.keypoints)).state_dict()
    differences = tensor_differences(given, wanted)
    ignored = differences.pop("superfluous", None)
    if differences:
        told = "; ".join([*differences.values(), *([ignored] if ignored else [])])
        raise ValueError(f"{options.checkpoint} is no CtRNet checkpoint of {len(header.keypoints)} keypoints: {told}")
    save_weights(options.out, {name: tensor for name, tensor in given.items() if name in wanted}, header)
    if ignored:
        print(f"ignored, {ignored}")
    print(f"{_ARCHITECTURE} of {header.robot}, {len(header.keypoints)} keypoints    {options.out}")
    return 0


def _header(robot_name: str, checkpoint: Path) -> WeightsHeader:
    from ctr_env.estimators.ctrnet.weights import WeightsHeader
    from ctr_env.scenes.robots.catalogue import get_robot

    if robot_name not in _INPUT_SIZES:
        raise ValueError(f"no checkpoints are published for {robot_name!r}; valid names: {', '.join(_INPUT_SIZES)}")
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
    import torch

    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except OSError:
        raise
    except Exception as error:  # damaged files raise nearly anything: KeyError, EOFError, UnpicklingError, ...
        raise ValueError(
            f"{path} is not a checkpoint of tensors alone ({type(error).__name__}); nothing else is read from it"
        ) from error
    for container in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
    if not isinstance(content, Mapping):
        raise ValueError(f"{path} holds a {type(content).__name__}, not a state dict or one under {_CONTAINERS}")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f"{path} holds no tensors by name, but {', '.join(map(str, list(content)[:8])) or 'nothing'}")
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
