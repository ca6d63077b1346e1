"""Whether an estimate is valid: a Markov chain whose transition probabilities depend on the view."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import SmallNetwork

__all__ = ["HISTORY", "ValidityChain", "history"]

HISTORY = ("first", "lost", "log_misses", "log_path")
"""Inputs beside the features of the view: whether it is the first frame of the episode; whether the estimate before was
not valid, and log(1 + the number of such frames in a row); log of the path since the frame before."""
_LEAST_PATH = 1e-3


@dataclass(frozen=True)
class ValidityChain:
    """A logistic model of validity.

    Attributes:
        network: From ``(F + 4,)`` features and :data:`HISTORY` to the log odds ``(1,)``.
    """

    network: SmallNetwork

    def probability(self, x: NDArray[np.float64], misses: int | None, path: float) -> float:
        """Probability that the estimate of the next frame is valid.

        Args:
            x: ``(F,)`` standardised features.
            misses: Number of frames without a valid estimate just before; ``None``: it is the first frame.
            path: Path since the frame before.
        """
        odds = float(self.network(np.concatenate([x, history(misses, path)]))[0])
        return 1.0 / (1.0 + math.exp(-min(max(odds, -30.0), 30.0)))


def history(misses: int | None, path: float) -> NDArray[np.float64]:
    """``(4,)`` the quantities of :data:`HISTORY`, scaled to about one."""
    if misses is None:
        return np.array([1.0, 0.0, 0.0, 0.0])
    return np.array([0.0, float(misses > 0), 0.5 * math.log1p(misses), 0.2 * math.log(path + _LEAST_PATH)])
