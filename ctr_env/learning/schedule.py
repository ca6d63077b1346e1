"""Learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

__all__ = ["progress_schedule", "warm_up_then_cosine"]


def warm_up_then_cosine(progress: float, warm_up: float, least: float) -> float:
    """Share of the peak learning rate: a linear rise during the warm-up, then half a cosine down to 0.

    Args:
        progress: How much of the training is done, 0 to 1.
        warm_up: Share of the training that the rise takes.
        least: Share of the peak learning rate at the start.
    """
    if progress < warm_up:
        return max(progress / warm_up, least)
    return 0.5 * (1.0 + math.cos(math.pi * (progress - warm_up) / (1.0 - warm_up)))


def progress_schedule(optimizer: Optimizer, progress: Callable[[], float], warm_up: float, least: float) -> LambdaLR:
    """:func:`warm_up_then_cosine` as a scheduler that follows the progress of the training instead of its own counter.

    The length of a training may be given in minutes, and a resumed training may be longer than it was before: no
    number of steps is known in advance. The learning rate is set on construction and on every ``step()``.
    """
    return LambdaLR(optimizer, lambda _: warm_up_then_cosine(progress(), warm_up, least))
