"""ONNX files of exported networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import replacing

__all__ = ["write_onnx"]


def write_onnx(model: Any, properties: Mapping[str, str], file: Path) -> None:
    """Write a model atomically, with metadata, and without the stack traces that PyTorch's exporter adds.

    The traces hold paths of the machine that the export was made on.

    Args:
        model: An ``onnx.ModelProto``; changed in place.
        properties: Metadata of the model.
        file: The file to write.
    """
    import onnx

    graphs = [model.graph, *model.functions]
    for part in [*graphs, *(node for graph in graphs for node in graph.node), *model.graph.value_info]:
        del part.metadata_props[:]
    onnx.helper.set_model_props(model, dict(properties))
    with replacing(file) as scratch:
        onnx.save(model, str(scratch))
