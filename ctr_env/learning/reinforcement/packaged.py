"""The policies of the package, each as safetensors and as ONNX."""

from __future__ import annotations

from pathlib import Path

from ctr_env.errors import ConfigurationError

__all__ = ["packaged_policies", "packaged_policy"]

_FOLDER = Path(__file__).parent / "pretrained"


def packaged_policies() -> tuple[str, ...]:
    """Names of the policies that the package contains."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.safetensors")))


def packaged_policy(name: str) -> Path:
    """The file of a policy, for :meth:`Policy.load`; its ONNX form has the same name and the suffix ``.onnx``.

    Raises:
        ConfigurationError: If the package has no such policy; the message lists those that it has.
    """
    if name not in packaged_policies():
        raise ConfigurationError(
            f"the package has no policy {name!r} (it has: {', '.join(packaged_policies()) or 'none'}); "
            "train one with `ctr-env train-rl`"
        )
    return _FOLDER / f"{name}.safetensors"
