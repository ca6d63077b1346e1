"""Network architectures by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from ctr_env.errors import ConfigurationError

__all__ = ["ARCHITECTURES", "make_network"]


def _compact(n_keypoints: int) -> nn.Module:
    from .compact import CompactNet

    return CompactNet(n_keypoints)


def _deeplab_resnet50(n_keypoints: int) -> nn.Module:
    from .deeplab import DeepLabResNet50

    return DeepLabResNet50(n_keypoints)


ARCHITECTURES: Mapping[str, Callable[[int], nn.Module]] = MappingProxyType(
    {"compact": _compact, "deeplab_resnet50": _deeplab_resnet50}
)
"""Constructors ``(n_keypoints) -> module``; the module maps normalised images to a ``NetworkOutput``."""


def make_network(architecture: str, n_keypoints: int) -> nn.Module:
    """A network with fresh weights.

    Args:
        architecture: One of :data:`ARCHITECTURES`.
        n_keypoints: Number of keypoints, K.

    Raises:
        ConfigurationError: If the name is unknown, or K is not positive.
    """
    if architecture not in ARCHITECTURES:
        raise ConfigurationError(
            f"unknown architecture {architecture!r}; valid names: {', '.join(sorted(ARCHITECTURES))}"
        )
    if n_keypoints < 1:
        raise ConfigurationError(f"n_keypoints must be at least 1, not {n_keypoints}")
    return ARCHITECTURES[architecture](n_keypoints)
