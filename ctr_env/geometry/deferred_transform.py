"""Pose objects whose cost is paid when they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

__all__ = ["DeferredTransform"]


class DeferredTransform(RigidTransform):
    """A :class:`~scipy.spatial.transform.RigidTransform` that is initialised when it is first needed.

    SciPy's constructor costs as much as ten products of ``(4, 4)`` matrices, and most poses of a control loop are only
    read as matrices. Until another method is called, this one consists of its matrix.
    """

    def __init__(self, matrix: NDArray[np.float64]) -> None:
        """Refer to a ``(4, 4)`` rigid matrix, which is neither checked nor copied."""
        self._rigid = matrix

    def as_matrix(self) -> NDArray[np.float64]:
        """``(4, 4)`` copy of the matrix."""
        return self._rigid.copy()

    def __getattr__(self, name: str) -> Any:
        """An attribute of the initialised object; called for those that it does not have yet."""
        if name == "_rigid" or len(vars(self)) > 1:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        super().__init__(self._rigid, normalize=False, copy=False)
        return getattr(self, name)
