"""Arithmetic of a training on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["keep_slow_convolutions_in_float32"]

_LEAST_CHANNELS = 48  # of a convolution with stride whose weight gradient is slow
_MANY_CHANNELS = 256


def keep_slow_convolutions_in_float32(network: nn.Module) -> None:
    """Exclude from bfloat16 autocast the convolutions whose bfloat16 weight gradients are slow on CPUs without AMX.

    There, oneDNN computes the weight gradients of 3x3 convolutions with a stride, and of wide ones with few output
    pixels, ten to twenty times slower in bfloat16 than in float32: together more than half of a training step.

    Args:
        network: The network; its modules are changed in place.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _is_slow(module):
            module.forward = _Float32Convolution(module)  # type: ignore[assignment, method-assign]


def _is_slow(convolution: nn.Conv2d) -> bool:
    strided = max(convolution.stride) > 1 and convolution.in_channels >= _LEAST_CHANNELS
    wide = min(convolution.in_channels, convolution.out_channels) >= _MANY_CHANNELS
    return convolution.kernel_size == (3, 3) and (strided or wide)


class _Float32Convolution:
    """Forward pass of a convolution without autocast; picklable, as averaged models are copies."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution

    def __call__(self, features: Tensor) -> Tensor:
        c = self._convolution
        with torch.autocast(features.device.type, enabled=False):
            return nn.functional.conv2d(
                features.to(c.weight.dtype), c.weight, c.bias, c.stride, c.padding, c.dilation, c.groups
            )
