"""A small network from the features of a view to the parameters of a distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SmallNetwork"]


@dataclass(frozen=True)
class SmallNetwork:
    """One hidden layer beside a linear map: ``bias + linear x + output tanh(hidden x + hidden_bias)``.

    Attributes:
        bias: ``(O,)``.
        linear: ``(O, F)``.
        output: ``(O, H)``.
        hidden: ``(H, F)``.
        hidden_bias: ``(H,)``.
    """

    bias: NDArray[np.float64]
    linear: NDArray[np.float64]
    output: NDArray[np.float64]
    hidden: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(O,)`` outputs for ``(F,)`` standardised features."""
        hidden = np.tanh(self.hidden @ x + self.hidden_bias)
        return np.asarray(self.bias + self.linear @ x + self.output @ hidden)

    @staticmethod
    def shapes(inputs: int, hidden: int, outputs: int) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the arrays by attribute."""
        return {
            "bias": (outputs,),
            "linear": (outputs, inputs),
            "output": (outputs, hidden),
            "hidden": (hidden, inputs),
            "hidden_bias": (hidden,),
        }
