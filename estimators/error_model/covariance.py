"""Reported covariances as vectors: relative to what the view implies, so that a model of them is positive definite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVARIANCE_NUMBERS", "covariance_from_vector", "covariance_to_vector"]

COVARIANCE_NUMBERS = 21
"""Length of the vectors."""
_BELOW = np.tril_indices(6, -1)
_SMALLEST = 1e-6
_LARGEST_LOG = 8.0


def covariance_to_vector(covariance: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(21,)`` vector of a ``(6, 6)`` covariance, relative to a view.

    With ``covariance = factor @ C @ C.T @ factor.T``: the log of the diagonal of the Cholesky factor ``C``, then its
    elements below the diagonal, row by row, by the diagonal element of their column.

    Args:
        covariance: Without the systematic part, of an error twist at the view's centre.
        factor: ``(6, 6)`` :attr:`.view.ArmView.factor`.
    """
    relative = np.linalg.solve(factor, np.linalg.solve(factor, covariance).T)
    values, vectors = np.linalg.eigh(0.5 * (relative + relative.T))
    C = np.linalg.cholesky((vectors * np.maximum(values, _SMALLEST)) @ vectors.T)
    diagonal = C.diagonal()
    return np.concatenate([np.log(diagonal), (C / diagonal)[_BELOW]])


def covariance_from_vector(vector: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ``(6, 6)`` covariance of a vector: the inverse of :func:`covariance_to_vector`."""
    C = np.eye(6)
    C[_BELOW] = vector[6:]
    C = factor @ (C * np.exp(vector[:6].clip(-_LARGEST_LOG, _LARGEST_LOG)))
    return np.asarray(C @ C.T)
