"""The policies of the package, each as safetensors and as ONNX."""

from __future__ import annotations

from pathlib import Path

from ctr_env.runs.packaged_files import packaged_file, packaged_names

__all__ = ["packaged_policies", "packaged_policy"]

_FOLDER = Path(__file__).parent / "pretrained"


def packaged_policies() -> tuple[str, ...]:
    """Names of the policies that the package contains."""
    return packaged_names(_FOLDER)


def packaged_policy(name: str) -> Path:
    """The file of a policy, for :meth:`Policy.load`; its ONNX form has the same name and the suffix ``.onnx``.

    Raises:
        ConfigurationError: If the package has no such policy; the message lists those that it has.
    """
    return packaged_file(_FOLDER, name, f"policy {name!r}", "train one with `ctr-env train-rl`")
