"""Policies as ONNX files, for programs without PyTorch.

Inputs are the observations by their keys, ``(N, *shape)``: float32, images uint8. The output ``action`` is ``(N, n)``
float32 in [-1, 1]. The metadata ``header`` is that of the policy file.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from ctr_env.errors import MissingDependencyError
from ctr_env.runs.onnx_file import write_onnx

from .policy import Policy

try:
    import onnx  # noqa: F401 - torch needs both
    import onnxscript  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingDependencyError(f"the export needs {error.name}: pip install 'ctr-env[rl]'") from error

__all__ = ["OUTPUT", "export_policy"]

OUTPUT = "action"
"""Name of the output."""

_OPSET = 18


def export_policy(policy: Policy, file: Path) -> None:
    """Write a policy as an ONNX file for any batch size."""
    spec = policy.header.network
    examples = tuple(
        torch.zeros(2, *shape, dtype=torch.uint8 if spec.is_image(key) else torch.float32)
        for key, shape in spec.observations.items()
    )
    batch = torch.export.Dim("batch")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns that torchvision is not there
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Positional(policy).eval(),
            examples,
            input_names=list(spec.observations),
            output_names=[OUTPUT],
            opset_version=_OPSET,
            dynamic_shapes=(tuple({0: batch} for _ in examples),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    write_onnx(program.model_proto, {"ctr_env": "policy@1", "header": json.dumps(asdict(policy.header))}, file)


class _Positional(nn.Module):
    """The network with observations as positional arguments."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.network, self.keys = policy.network, list(policy.header.network.observations)

    def forward(self, *parts: Tensor) -> Tensor:
        action: Tensor = self.network(dict(zip(self.keys, parts, strict=True)))
        return action
