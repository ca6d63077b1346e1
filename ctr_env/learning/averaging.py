"""Exponential moving average of a network's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

__all__ = ["averaged_model"]


def averaged_model(network: nn.Module, decay: float) -> AveragedModel:
    """The exponential moving average of a network's parameters and buffers, which begins with their present values.

    After the n-th update the decay is ``min(decay, (1 + n) / (10 + n))``, so that early weights are soon forgotten.
    Counters (integer buffers) are copied.

    Args:
        network: The network; not changed.
        decay: Share of the average that an update keeps, in [0, 1).
    """
    average = AveragedModel(network, multi_avg_fn=_exponential(decay), use_buffers=True)
    average.update_parameters(network)  # the first update copies
    return average


def _exponential(decay: float) -> Callable[[Any, Any, Tensor | int], None]:
    @torch.no_grad()
    def update(average: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int) -> None:
        n = int(updates)
        kept = min(decay, (1 + n) / (10 + n))
        for old, new in zip(average, current, strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1.0 - kept)
            else:
                old.copy_(new)

    return update
