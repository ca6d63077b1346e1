"""A check of small arrays that is made many times a step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_finite"]


def all_finite(values: NDArray[np.float64]) -> bool:
    """Whether all values of an array are finite; for a few numbers faster than ``np.isfinite(values).all()``."""
    return bool(np.count_nonzero(np.isfinite(values)) == values.size)
