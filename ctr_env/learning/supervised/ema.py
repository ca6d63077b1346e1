"""Averaged weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["ExponentialAverage"]


class ExponentialAverage:
    """An exponential moving average of a network's weights and buffers, in float32.

    The decay grows with the number of updates (``(1 + n) / (10 + n)`` at first), so that early weights do not linger.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Begin with a network's present weights."""
        self._decay = decay
        self._updates = 0
        self._average = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in a network's weights."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self._average[name].lerp_(value, 1.0 - decay)
            else:
                self._average[name].copy_(value)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights, in the form of the network's own ``state_dict``."""
        return self._average

    @property
    def updates(self) -> int:
        """Number of updates so far."""
        return self._updates

    def load(self, average: Mapping[str, Tensor], updates: int) -> None:
        """Go on from a saved average."""
        for name, value in average.items():
            self._average[name].copy_(value)
        self._updates = updates
